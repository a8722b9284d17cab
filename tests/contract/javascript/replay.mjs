// replay.mjs COLLECTION_ARN: the network delivers the first request twice.
import { RekognitionClient, TagResourceCommand } from "@aws-sdk/client-rekognition";
import { print, words } from "./connect.mjs";

const client = new RekognitionClient();
const statuses = [];
const twice = (next) => async (args) => {
  if (statuses.length === 0) {
    const { response } = await next(args);
    statuses.push(response.statusCode);
    response.body.resume();
  }
  const result = await next(args);
  statuses.push(result.response.statusCode);
  return result;
};
// below the signer and the deserializer
client.middlewareStack.add(twice, { step: "deserialize", priority: "low" });

const command = new TagResourceCommand({ ResourceArn: words[0], Tags: { team: "blue" } });
const { attempts, totalRetryDelay } = (await client.send(command)).$metadata;
print({ statuses, attempts, totalRetryDelay });
