// calls.mjs SDK COLLECTION EILEEN PAIR CELEBRITY: every operation for faces in images.
import { caller, connect, image, print, words } from "./connect.mjs";

const [collection, eileen, pair, celebrity] = words;
const client = connect();
const { call, answered } = caller(client);
const inCollection = { CollectionId: collection };

async function pages(operation, input, read) {
  const found = [];
  for await (const page of client.pages(operation, input)) found.push(read(page));
  return found;
}

const detected = await call("DetectFaces", { Image: image(pair) });
const read = await call("DetectText", { Image: image(pair) });
const compared = await call("CompareFaces", {
  SourceImage: image(eileen),
  TargetImage: image(pair),
});

const stars = await call("RecognizeCelebrities", { Image: image(pair) });
const told = await call("GetCelebrityInfo", { Id: celebrity });

const created = await call("CreateCollection", { ...inCollection, Tags: { team: "blue" } });
const resource = { ResourceArn: created.CollectionArn };
await call("TagResource", { ...resource, Tags: { stage: "test" } });
const tagged = await call("ListTagsForResource", resource);
await call("UntagResource", { ...resource, TagKeys: ["team", "stage"] });
const untagged = await call("ListTagsForResource", resource);

const indexed = await call("IndexFaces", {
  ...inCollection,
  Image: image(pair),
  ExternalImageId: "pair",
});
const faces = indexed.FaceRecords.map((record) => record.Face.FaceId);
const described = await call("DescribeCollection", inCollection);
const listed = await call("ListFaces", { ...inCollection, MaxResults: 1 });
// some programs begin with an empty token
const fromTheStart = await call("ListFaces", { ...inCollection, NextToken: "" });
const searched = await call("SearchFacesByImage", { ...inCollection, Image: image(eileen) });
const similar = await call("SearchFaces", { ...inCollection, FaceId: faces[0] });

for (const UserId of ["eileen", "grace"]) await call("CreateUser", { ...inCollection, UserId });
const associated = await call("AssociateFaces", {
  ...inCollection,
  UserId: "eileen",
  FaceIds: [faces[0]],
});
await call("ListUsers", inCollection);
const userByImage = await call("SearchUsersByImage", { ...inCollection, Image: image(eileen) });
const userByFace = await call("SearchUsers", { ...inCollection, FaceId: faces[0] });
const facesByPage = await pages("ListFaces", inCollection, (page) =>
  page.Faces.map((face) => face.FaceId),
);
const usersByPage = await pages("ListUsers", inCollection, (page) =>
  page.Users.map((user) => user.UserId),
);
const collectionsByPage = await pages("ListCollections", {}, (page) => page.CollectionIds);

const stream = { Name: collection };
await call("CreateStreamProcessor", {
  ...stream,
  Input: {
    KinesisVideoStream: { Arn: "arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/1" },
  },
  Output: {},
  Settings: { FaceSearch: inCollection },
  RoleArn: "arn:aws:iam::000000000000:role/streams",
});
await call("UpdateStreamProcessor", {
  ...stream,
  RegionsOfInterestForUpdate: [{ BoundingBox: { Left: 0, Top: 0, Width: 0.5, Height: 1 } }],
});
await call("StartStreamProcessor", stream);
const watched = await call("DescribeStreamProcessor", stream);
const streams = await call("ListStreamProcessors", {});
await call("StopStreamProcessor", stream);
await call("DeleteStreamProcessor", stream);

const disassociated = await call("DisassociateFaces", {
  ...inCollection,
  UserId: "eileen",
  FaceIds: [faces[0]],
});
await call("DeleteUser", { ...inCollection, UserId: "grace" });
const deleted = await call("DeleteFaces", { ...inCollection, FaceIds: faces });
await call("ListCollections");
const gone = await call("DeleteCollection", inCollection);

const ids = (matches) => matches.map((match) => match.Face.FaceId);
const users = (matches) => matches.map((match) => match.User.UserId);
print({
  answered,
  faces,
  detected: detected.FaceDetails.length,
  read: read.TextDetections,
  compared: [compared.FaceMatches.length, compared.UnmatchedFaces.length],
  similarity: compared.FaceMatches[0].Similarity,
  celebrities: stars.CelebrityFaces.map((found) => [found.Name, found.Id, found.Urls]),
  others: stars.UnrecognizedFaces.length,
  told: [told.Name, told.KnownGender.Type],
  tagged: tagged.Tags,
  untagged: untagged.Tags,
  created: described.CreationTimestamp instanceof Date && described.CreationTimestamp.getTime(),
  counted: described.FaceCount,
  listed: [listed.Faces.length, typeof listed.NextToken],
  fromTheStart: [fromTheStart.Faces.length, typeof fromTheStart.NextToken],
  searched: ids(searched.FaceMatches),
  similar: ids(similar.FaceMatches),
  associated: associated.AssociatedFaces.map((face) => face.FaceId),
  userByImage: users(userByImage.UserMatches),
  userByFace: users(userByFace.UserMatches),
  facesByPage,
  usersByPage,
  collectionsByPage,
  watched: watched.Status,
  streams: streams.StreamProcessors.filter((one) => one.Name === collection),
  disassociated: disassociated.DisassociatedFaces.map((face) => face.FaceId),
  deleted: deleted.DeletedFaces,
  gone: gone.StatusCode,
});
