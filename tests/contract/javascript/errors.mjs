// errors.mjs SDK COLLECTION NOBODY: what is thrown, for each fault.
import { caller, connect, image, print, told, words } from "./connect.mjs";

const [collection, nobody] = words;
const { call } = caller(connect());

async function thrown(work) {
  try {
    await work;
  } catch (error) {
    return told(error);
  }
  return { name: "nothing" };
}

const signedWith = (accessKeyId, secretAccessKey) =>
  caller(connect({ credentials: { accessKeyId, secretAccessKey } })).call;
const { AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret } = process.env;

await call("CreateCollection", { CollectionId: collection });
const one = { CollectionId: collection };
print({
  unknownCollection: await thrown(call("DescribeCollection", { CollectionId: `${collection}-x` })),
  // with tags: to version 2 the very same call would be the very same request
  takenName: await thrown(call("CreateCollection", { ...one, Tags: { again: "yes" } })),
  hostileName: await thrown(call("CreateCollection", { CollectionId: "../x' OR 1=1 --" })),
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
