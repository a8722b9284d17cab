"""Every operation of Amazon's that is there, called as an application would call it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from clients import NOT_IN_THIS_SDK, Client
from reknown.api.registry import HANDLERS

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATIONS = sorted(name for name in HANDLERS if not name.startswith("Reknown"))
# A collection that all clients search the same video with: one job serves them all.
SHARED = "everybody"
_VIDEO = {"Video": {"S3Object": {"Bucket": "media", "Name": "eileen.mp4"}}}
_ONCE = {"ClientRequestToken": "all-clients"}


@dataclass
class Scenario:
    """Calls one client and keeps what came of each operation: OK or the error's code."""

    client: Client
    name: str
    eileen: str
    pair: str
    celebrity: str
    results: dict[str, str] = field(default_factory=dict)

    def run(self) -> dict[str, str]:
        """The operations that are there, with what came of them."""
        self._images()
        self._tags()
        self._collections()
        self._videos()
        self._streams()
        self._text()
        self._celebrities()
        return dict(sorted(self.results.items()))

    def _call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        found = self.client(operation, parameters)
        result = found.code or "OK"
        assert (found.status == 200) == (result == "OK"), found
        # the first failure stays
        if self.results.get(operation, "OK") == "OK":
            self.results[operation] = result
        return found.answer

    def _images(self) -> None:
        detected = self._call("DetectFaces", Image={"Bytes": self.pair}, Attributes=["ALL"])
        assert len(detected["FaceDetails"]) == 2
        images = {"SourceImage": {"Bytes": self.eileen}, "TargetImage": {"Bytes": self.pair}}
        compared = self._call("CompareFaces", **images)
        assert len(compared["FaceMatches"]) == len(compared["UnmatchedFaces"]) == 1

    def _tags(self) -> None:
        created = self._call("CreateCollection", CollectionId=self.name)
        arn = {"ResourceArn": created["CollectionArn"]}
        self._call("TagResource", **arn, Tags={"team": "blue"})
        assert self._call("ListTagsForResource", **arn)["Tags"] == {"team": "blue"}
        self._call("UntagResource", **arn, TagKeys=["team"])

    def _collections(self) -> None:
        here = {"CollectionId": self.name}
        indexed = self._call("IndexFaces", **here, Image={"Bytes": self.pair})
        faces = [record["Face"]["FaceId"] for record in indexed["FaceRecords"]]
        assert len(faces) == self._call("DescribeCollection", **here)["FaceCount"] == 2
        assert self.name in self._call("ListCollections", NextToken="")["CollectionIds"]
        page = self._call("ListFaces", **here, MaxResults=1)
        rest = self._call("ListFaces", **here, NextToken=page["NextToken"])
        assert {face["FaceId"] for face in (*page["Faces"], *rest["Faces"])} == set(faces)
        assert not rest.get("NextToken")
        found = self._call("SearchFacesByImage", **here, Image={"Bytes": self.eileen})
        assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == faces[:1]
        self._call("SearchFaces", **here, FaceId=faces[0])
        self._users(here, faces)
        assert set(self._call("DeleteFaces", **here, FaceIds=faces)["DeletedFaces"]) == set(faces)
        assert self._call("DeleteCollection", **here)["StatusCode"] == 200

    def _users(self, here: dict[str, str], faces: list[str]) -> None:
        eileen = {**here, "UserId": "eileen"}
        self._call("CreateUser", **eileen)
        self._call("AssociateFaces", **eileen, FaceIds=faces[:1])
        self._call("ListUsers", **here, MaxResults=10)
        by_image = self._call("SearchUsersByImage", **here, Image={"Bytes": self.eileen})
        self._call("SearchUsers", **here, FaceId=faces[0])
        self._call("DisassociateFaces", **eileen, FaceIds=faces[:1])
        self._call("DeleteUser", **eileen)
        if self.results["SearchUsersByImage"] != NOT_IN_THIS_SDK:
            assert [match["User"]["UserId"] for match in by_image["UserMatches"]] == ["eileen"]

    def _videos(self) -> None:
        for task, more in (
            ("FaceDetection", {}),
            ("FaceSearch", {"CollectionId": SHARED}),
            ("PersonTracking", {}),
            ("CelebrityRecognition", {}),
            ("TextDetection", {}),
        ):
            job = self._call(f"Start{task}", **_VIDEO, **_ONCE, **more).get("JobId", "0")
            found = self._call(f"Get{task}", JobId=job, NextToken="")
            if self.results[f"Start{task}"] == "OK":
                assert found["JobStatus"] in ("IN_PROGRESS", "SUCCEEDED")

    def _streams(self) -> None:
        named = {"Name": self.name}
        video = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/1"
        made = self._call(
            "CreateStreamProcessor",
            **named,
            Input={"KinesisVideoStream": {"Arn": video}},
            Output={},
            Settings={"FaceSearch": {"CollectionId": SHARED}},
            RoleArn="arn:aws:iam::000000000000:role/streams",
        )
        assert made["StreamProcessorArn"].endswith(f":streamprocessor/{self.name}")
        zone = {"BoundingBox": {"Left": 0, "Top": 0, "Width": 0.5, "Height": 1}}
        self._call("UpdateStreamProcessor", **named, RegionsOfInterestForUpdate=[zone])
        self._call("StartStreamProcessor", **named)
        found = self._call("DescribeStreamProcessor", **named)
        assert (found["Status"], found["Input"]["KinesisVideoStream"]["Arn"]) == ("STARTING", video)
        listed = self._call("ListStreamProcessors", NextToken="")["StreamProcessors"]
        assert self.name in [one["Name"] for one in listed]
        self._call("StopStreamProcessor", **named)
        self._call("DeleteStreamProcessor", **named)

    def _text(self) -> None:
        read = self._call("DetectText", Image={"Bytes": self.pair})
        # what stands on her suit
        assert {text["Type"] for text in read["TextDetections"]} == {"LINE", "WORD"}

    def _celebrities(self) -> None:
        found = self._call("RecognizeCelebrities", Image={"Bytes": self.pair})
        told = self._call("GetCelebrityInfo", Id=self.celebrity)
        if self.results["RecognizeCelebrities"] == "OK":
            assert [known["Id"] for known in found["CelebrityFaces"]] == [self.celebrity]
            assert told["Name"] == found["CelebrityFaces"][0]["Name"]
