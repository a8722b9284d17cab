// What the scripts share. Address, region and credentials come from the environment.
//
// The first argument is the version of the SDK, v2 or v3: v2.mjs and v3.mjs each export
//   connect(settings) -> { send(operation, input) -> { answer, status, requestId, attempts },
//                          pages(operation, input) by ones, correction() in milliseconds }
//   told(error) -> what the SDK says of it, for JSON
//   version, of the package
import { readFileSync } from "node:fs";

export const { connect, told, version } = await import(`./${process.argv[2]}.mjs`);

// The other arguments of the script, whose first line names them.
export const words = process.argv.slice(3);

export const image = (path) => ({ Bytes: readFileSync(path) });

export const print = (found) => console.log(JSON.stringify(found));

// Calls by the operation's name and notes what every answer has to have.
export const caller = (client) => {
  const answered = [];
  const call = async (operation, input = {}) => {
    const { answer, status, requestId } = await client.send(operation, input);
    answered.push({ operation, httpStatusCode: status, requestId });
    return answer;
  };
  return { call, answered };
};
