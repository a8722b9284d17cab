// clock.mjs MINUTES: two calls from a machine whose clock is ahead by so much.
import { ListCollectionsCommand, RekognitionClient } from "@aws-sdk/client-rekognition";
import { print, words } from "./connect.mjs";

const realNow = Date.now;
Date.now = () => realNow() + Number(words[0]) * 60_000;

const client = new RekognitionClient();
const attempts = [];
for (let i = 0; i < 2; i++) {
  attempts.push((await client.send(new ListCollectionsCommand({}))).$metadata.attempts);
}
print({ attempts, minutesCorrected: Math.round(client.config.systemClockOffset / 60_000) });
