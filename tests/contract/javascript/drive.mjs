// drive.mjs SDK: tells its version, then takes a call a line and gives an answer a line.
import { createInterface } from "node:readline";
import { connect, print, told, version } from "./connect.mjs";

const client = connect();
print({ version });

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
  print(result);
}
