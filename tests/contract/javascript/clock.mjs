// clock.mjs SDK MINUTES: two calls from a machine whose clock is ahead by so much.
import { connect, print, words } from "./connect.mjs";

// both SDKs take the time from here; v2 asks `new Date()`
const ahead = Number(words[0]) * 60_000;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...values) {
    super(...(values.length ? values : [RealDate.now() + ahead]));
  }
  static now = () => RealDate.now() + ahead;
};

const client = connect();
const attempts = [];
for (let i = 0; i < 2; i++) attempts.push((await client.send("ListCollections", {})).attempts);
print({ attempts, minutesCorrected: Math.round(client.correction() / 60_000) });
