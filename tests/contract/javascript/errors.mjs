// errors.mjs COLLECTION NOBODY: what is thrown, for each fault.
import * as sdk from "@aws-sdk/client-rekognition";
import { caller, image, print, words } from "./connect.mjs";

const [collection, nobody] = words;
const { call } = caller(new sdk.RekognitionClient());

async function thrown(work) {
  try {
    await work;
  } catch (error) {
    const ofItsClass = error.name in sdk && error instanceof sdk[error.name];
    return {
      name: error.name,
      message: error.message,
      ofItsClass,
      ofTheService: error instanceof sdk.RekognitionServiceException,
      fault: error.$fault,
      code: error.Code,
      logref: error.Logref,
      ...error.$metadata,
    };
  }
  return { name: "nothing" };
}

const signedWith = (accessKeyId, secretAccessKey) =>
  caller(new sdk.RekognitionClient({ credentials: { accessKeyId, secretAccessKey } })).call;
const { AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret } = process.env;

await call("CreateCollection", { CollectionId: collection });
const one = { CollectionId: collection };
print({
  unknownCollection: await thrown(call("DescribeCollection", { CollectionId: `${collection}-x` })),
  takenName: await thrown(call("CreateCollection", one)),
  hostileName: await thrown(call("DeleteCollection", { CollectionId: "../x' OR 1=1 --" })),
  notAnImage: await thrown(
    call("DetectFaces", { Image: { Bytes: new TextEncoder().encode("%PDF-1.7") } }),
  ),
  noFace: await thrown(call("SearchFacesByImage", { ...one, Image: image(nobody) })),
  rubbishToken: await thrown(call("ListFaces", { ...one, NextToken: "rubbish" })),
  takesVideo: await thrown(
    call("StartLabelDetection", { Video: { S3Object: { Bucket: "bucket", Name: "x.mp4" } } }),
  ),
  unknownKey: await thrown(signedWith("RKNOBODY", secret)("ListCollections")),
  wrongSecret: await thrown(signedWith(keyId, "wrong")("ListCollections")),
});
