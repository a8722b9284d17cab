// The JavaScript SDK v2, as connect.mjs asks for it. It reads no endpoint from the environment
// and no x-amz-retry-after, corrects its clock only when told to, and has no classes of errors.
import { createRequire } from "node:module";
import Rekognition from "aws-sdk/clients/rekognition.js";

export const { version } = createRequire(import.meta.url)("aws-sdk/package.json");

const fromEnvironment = { endpoint: process.env.AWS_ENDPOINT_URL_REKOGNITION };
// a request that was taken for a copy of another one succeeds with the next second's signature
const customBackoff = (_, error) => (error.code === "ThrottlingException" ? 1100 : 50);
const method = (operation) => operation[0].toLowerCase() + operation.slice(1);

export const connect = (settings = {}) => {
  const { credentials, ...others } = settings;
  const client = new Rekognition({
    ...fromEnvironment,
    correctClockSkew: true,
    retryDelayOptions: { customBackoff },
    ...credentials,
    ...others,
  });

  const send = async (operation, input) => {
    const request = client[method(operation)](input);
    try {
      const { $response, ...answer } = await request.promise();
      const { httpResponse, requestId, retryCount } = $response;
      return { answer, status: httpResponse.statusCode, requestId, attempts: retryCount + 1 };
    } catch (error) {
      error.attempts = request.response.retryCount + 1;
      throw error;
    }
  };

  async function* pages(operation, input) {
    let request = client[method(operation)]({ ...input, MaxResults: 1 });
    while (request) {
      const page = await request.promise();
      yield page;
      request = page.$response.hasNextPage() && page.$response.nextPage();
    }
  }

  return { send, pages, correction: () => client.config.systemClockOffset };
};

export const told = (error) => ({
  name: error.name,
  message: error.message,
  code: error.code,
  httpStatusCode: error.statusCode,
  requestId: error.requestId,
  attempts: error.attempts,
});
