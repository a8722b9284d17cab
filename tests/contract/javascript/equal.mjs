// equal.mjs SDK COLLECTION_ARN: the same call twenty times within a second.
import { connect, print, words } from "./connect.mjs";

const client = connect();
const input = { ResourceArn: words[0], Tags: { team: "blue" } };
const answers = await Promise.all(
  Array.from({ length: 20 }, () => client.send("TagResource", input)),
);
print({ attempts: answers.map((answer) => answer.attempts) });
