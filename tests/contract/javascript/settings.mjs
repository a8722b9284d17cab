// settings.mjs SDK ADDRESS KEY_ID SECRET: all of it in code, nothing in the environment.
import { connect, print, words } from "./connect.mjs";

const [endpoint, accessKeyId, secretAccessKey] = words;
for (const name of Object.keys(process.env)) {
  if (name.startsWith("AWS_")) delete process.env[name];
}
const credentials = { accessKeyId, secretAccessKey };
const client = connect({ endpoint, region: "us-east-1", credentials });
const { status, attempts } = await client.send("ListCollections", {});
print({ status, attempts });
