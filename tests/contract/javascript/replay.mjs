// replay.mjs SDK COLLECTION_ARN: the network delivers the first request twice.
import { createServer, request } from "node:http";
import { connect, print, words } from "./connect.mjs";

const target = new URL(process.env.AWS_ENDPOINT_URL_REKOGNITION);
const statuses = [];

const deliver = ({ headers, url }, body) =>
  new Promise((resolve, reject) => {
    const options = { host: target.hostname, port: target.port, method: "POST", path: url, headers };
    const sent = request(options, async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      statuses.push(response.statusCode);
      resolve([response, Buffer.concat(parts)]);
    });
    sent.on("error", reject).end(body);
  });

const network = createServer(async (incoming, outgoing) => {
  const parts = [];
  for await (const part of incoming) parts.push(part);
  const body = Buffer.concat(parts);
  if (statuses.length === 0) await deliver(incoming, body);
  const [response, content] = await deliver(incoming, body);
  outgoing.writeHead(response.statusCode, response.headers).end(content);
});
await new Promise((resolve) => network.listen(0, "127.0.0.1", resolve));

const client = connect({ endpoint: `http://127.0.0.1:${network.address().port}` });
const input = { ResourceArn: words[0], Tags: { team: "blue" } };
const { attempts, waited } = await client.send("TagResource", input);
print({ statuses, attempts, waited });
network.close();
network.closeAllConnections();
