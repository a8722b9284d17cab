// What the scripts share. Address, region and credentials come from the environment.
import { readFileSync } from "node:fs";
import * as sdk from "@aws-sdk/client-rekognition";

export const image = (path) => ({ Bytes: readFileSync(path) });

// The arguments of the script, whose first line names them.
export const words = process.argv.slice(2);

export const print = (found) => console.log(JSON.stringify(found));

// Calls by the operation's name and notes what every answer has to have.
export const caller = (client) => {
  const answered = [];
  const call = async (operation, input = {}) => {
    const answer = await client.send(new sdk[`${operation}Command`](input));
    const { httpStatusCode, requestId } = answer.$metadata;
    answered.push({ operation, httpStatusCode, requestId });
    return answer;
  };
  return { call, answered };
};
