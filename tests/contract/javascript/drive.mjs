// drive.mjs SDK: a call a line from the input, an answer a line to the output.
import { createInterface } from "node:readline";
import { connect, told } from "./connect.mjs";

const client = connect();

// images come as base64, and both SDKs want bytes
const revive = (name, value) => (name === "Bytes" ? Buffer.from(value, "base64") : value);

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, input } = JSON.parse(line, revive);
  let result;
  try {
    const { status, answer } = await client.send(operation, input);
    result = { status, code: "", answer };
  } catch (error) {
    const { httpStatusCode, name, code } = told(error);
    result = { status: httpStatusCode, code: code ?? name, answer: {} };
  }
  console.log(JSON.stringify(result));
}
