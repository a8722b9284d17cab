// settings.mjs ADDRESS KEY_ID SECRET: all of it in code, nothing in the environment.
import { ListCollectionsCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import { print, words } from "./connect.mjs";

const [endpoint, accessKeyId, secretAccessKey] = words;
for (const name of Object.keys(process.env)) {
  if (name.startsWith("AWS_")) delete process.env[name];
}
const client = new RekognitionClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
});
const { $metadata } = await client.send(new ListCollectionsCommand());
print({ status: $metadata.httpStatusCode, attempts: $metadata.attempts });
