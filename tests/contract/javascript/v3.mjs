// The JavaScript SDK v3, as connect.mjs asks for it.
import { createRequire } from "node:module";
import * as sdk from "@aws-sdk/client-rekognition";

const require = createRequire(import.meta.url);
export const { version } = require("@aws-sdk/client-rekognition/package.json");

const read = ({ $metadata, ...answer }) => ({
  answer,
  status: $metadata.httpStatusCode,
  requestId: $metadata.requestId,
  attempts: $metadata.attempts,
  waited: $metadata.totalRetryDelay,
});

export const connect = (settings = {}) => {
  const client = new sdk.RekognitionClient(settings);
  return {
    send: async (operation, input) => read(await client.send(new sdk[`${operation}Command`](input))),
    // paginators write into their input
    pages: (operation, input) => sdk[`paginate${operation}`]({ client, pageSize: 1 }, { ...input }),
    correction: () => client.config.systemClockOffset,
  };
};

export const told = (error) => ({
  name: error.name,
  message: error.message,
  ofItsClass: error.name in sdk && error instanceof sdk[error.name],
  ofTheService: error instanceof sdk.RekognitionServiceException,
  fault: error.$fault,
  code: error.Code,
  logref: error.Logref,
  ...error.$metadata,
});
