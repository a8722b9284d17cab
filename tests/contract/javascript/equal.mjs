// equal.mjs COLLECTION_ARN: the same call twenty times within a second.
import { RekognitionClient, TagResourceCommand } from "@aws-sdk/client-rekognition";
import { print, words } from "./connect.mjs";

const client = new RekognitionClient();
const input = { ResourceArn: words[0], Tags: { team: "blue" } };
const answers = await Promise.all(
  Array.from({ length: 20 }, () => client.send(new TagResourceCommand(input))),
);
print({ attempts: answers.map((answer) => answer.$metadata.attempts) });
