"""The story that boto3 clients tell a server, with every operation that is implemented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from golden.wire import Caller

_NOBODY = "00000000-0000-4000-8000-000000000000"
_STAR = "00000000-0000-4000-8000-0000000000ce"
_FAMILY = "family"
_ARN = "arn:aws:rekognition:eu-west-1:000000000000:collection/"


@dataclass(frozen=True, slots=True)
class Story:
    """`call` may do everything; `guest` may search in collections called `guest-*` alone.

    `work` has a worker do all jobs that wait, `scan` has a command look at the photos of `people`
    for the family and group who is in them. `review` has a command open a case for the family,
    which the key of `call` may judge.
    """

    call: Caller
    guest: Caller
    stranger: Caller
    folder: Path
    work: Callable[[], None]
    scan: Callable[[], None]
    review: Callable[[], None]

    def tell(self) -> None:
        """All of it."""
        self._images()
        self._collections()
        self._faces()
        self._searches()
        self._users()
        self._user_searches()
        self._templates()
        self._celebrities()
        self._videos()
        self._streams()
        self._archive()
        self._reviews()
        self._policies()
        self._refusals()
        self._ends()

    def _image(self, name: str) -> dict[str, Any]:
        return {"Bytes": (self.folder / name).read_bytes()}

    def _images(self) -> None:
        call, image = self.call, self._image
        call("DetectFaces", Image=image("pair.jpg"))
        call("DetectFaces", Image=image("eileen.jpg"), Attributes=["ALL"])
        call("DetectFaces", Image=image("nobody.jpg"))
        call("DetectFaces", Image={"S3Object": {"Bucket": "media", "Name": "pair.jpg"}})
        call("DetectFaces", Image={"S3Object": {"Bucket": "media", "Name": "none.jpg"}})
        call("DetectFaces", Image=image("broken.jpg"))
        call("DetectFaces", Image={})
        call("DetectFaces", Image=image("eileen.jpg"), Attributes=["SMILE?"])
        sign = image("sign.png")
        call("DetectText", Image=sign)
        region = {"BoundingBox": {"Left": 0, "Top": 0, "Width": 1, "Height": 0.5}}
        call("DetectText", Image=sign, Filters={"RegionsOfInterest": [region]})
        call("DetectText", Image=sign, Filters={"WordFilter": {"MinBoundingBoxWidth": 0.2}})
        call("DetectText", Image=sign, Filters={"WordFilter": {"MinConfidence": 101}})
        call("DetectText", Image=sign, Filters={"RegionsOfInterest": [{}]})
        call("DetectText", Image=image("nobody.jpg"))
        call("DetectText", Image=image("broken.jpg"))
        grace = image("grace.jpg")
        call("CompareFaces", SourceImage=grace, TargetImage=image("three.jpg"))
        call(
            "CompareFaces",
            SourceImage=grace,
            TargetImage=image("eileen.jpg"),
            SimilarityThreshold=0,
        )
        call(
            "CompareFaces",
            SourceImage=grace,
            TargetImage=image("dark-and-bright.jpg"),
            QualityFilter="HIGH",
        )
        call("CompareFaces", SourceImage=image("nobody.jpg"), TargetImage=grace)
        call("CompareFaces", SourceImage=grace, TargetImage=image("broken.jpg"))
        call("CompareFaces", SourceImage=grace, TargetImage=grace, SimilarityThreshold=101)

    def _collections(self) -> None:
        call = self.call
        call("ListCollections")
        made = call("CreateCollection", CollectionId=_FAMILY, Tags={"floor": "2", "wing": "north"})
        call("CreateCollection", CollectionId=_FAMILY)
        call("CreateCollection", CollectionId="not a name")
        call("CreateCollection", CollectionId="empty")
        call("ListCollections")
        first = call("ListCollections", MaxResults=1)
        call("ListCollections", MaxResults=1, NextToken=first["NextToken"])
        call("ListCollections", NextToken="made up")
        call("DescribeCollection", CollectionId=_FAMILY)
        call("DescribeCollection", CollectionId="nowhere")
        arn = made["CollectionArn"]
        call("TagResource", ResourceArn=arn, Tags={"floor": "3", "desk": "12"})
        call("TagResource", ResourceArn=f"{_ARN}nowhere", Tags={"floor": "3"})
        call("TagResource", ResourceArn="no arn", Tags={"floor": "3"})
        call("UntagResource", ResourceArn=arn, TagKeys=["wing", "never"])
        call("UntagResource", ResourceArn=f"{_ARN}nowhere", TagKeys=["wing"])
        call("ListTagsForResource", ResourceArn=arn)
        call("ListTagsForResource", ResourceArn=f"{_ARN}nowhere")

    def _faces(self) -> None:
        call, image = self.call, self._image

        def index(name: str, collection: str = _FAMILY, **more: Any) -> dict[str, Any]:
            return call("IndexFaces", CollectionId=collection, Image=image(name), **more)

        index("pair.jpg", ExternalImageId="pair")
        index("pair.jpg", ExternalImageId="pair")
        index("mirrored.jpg", DetectionAttributes=["ALL"])
        index("three.jpg", "empty", MaxFaces=1)
        index("dark-and-bright.jpg", "empty", QualityFilter="HIGH")
        index("nobody.jpg")
        index("broken.jpg")
        index("eileen.jpg", "nowhere")
        index("eileen.jpg", ExternalImageId="not a name")
        index("eileen.jpg", MaxFaces=0)
        call("ListFaces", CollectionId=_FAMILY)
        first = call("ListFaces", CollectionId=_FAMILY, MaxResults=2)
        call("ListFaces", CollectionId=_FAMILY, MaxResults=2, NextToken=first["NextToken"])
        faces = [first["Faces"][1]["FaceId"], _NOBODY]
        call("ListFaces", CollectionId=_FAMILY, FaceIds=faces)
        call("ListFaces", CollectionId=_FAMILY, UserId="nobody")
        call("ListFaces", CollectionId=_FAMILY, NextToken="made up")
        call("ListFaces", CollectionId="nowhere")

    def _ids(self, collection: str = _FAMILY) -> list[str]:
        """The faces, as the client finds them in its last list of all."""
        found = self.call("ListFaces", CollectionId=collection)["Faces"]
        return [face["FaceId"] for face in found]

    def _searches(self) -> None:
        call = self.call
        eileen, *_ = self._ids()
        for more in ({}, {"FaceMatchThreshold": 0, "MaxFaces": 1}, {"FaceMatchThreshold": -1}):
            call("SearchFaces", CollectionId=_FAMILY, FaceId=eileen, **more)
        call("SearchFaces", CollectionId=_FAMILY, FaceId=_NOBODY)
        call("SearchFaces", CollectionId=_FAMILY, FaceId="no id")
        call("SearchFaces", CollectionId="nowhere", FaceId=eileen)
        for operation in ("SearchFacesByImage", "ReknownSearchAllFacesByImage"):
            self._search(operation, "three.jpg")
            self._search(operation, "three.jpg", FaceMatchThreshold=0, MaxFaces=2)
            self._search(operation, "dark-and-bright.jpg", QualityFilter="HIGH")
            self._search(operation, "nobody.jpg")
            self._search(operation, "broken.jpg")
            self._search(operation, "eileen.jpg", CollectionId="nowhere")
            self._search(operation, "eileen.jpg", MaxFaces=5000)

    def _search(self, operation: str, image: str, **more: Any) -> None:
        request = {"CollectionId": _FAMILY, "Image": self._image(image), **more}
        self.call(operation, **request)

    def _users(self) -> None:
        call = self.call
        eileen, grace, mirrored, *_ = self._ids()
        for user in ("eileen", "grace", "grace", "empty", "not a name"):
            call("CreateUser", CollectionId=_FAMILY, UserId=user)
        call("CreateUser", CollectionId="nowhere", UserId="eileen")

        def associate(user: str, *faces: str, **more: Any) -> None:
            call("AssociateFaces", CollectionId=_FAMILY, UserId=user, FaceIds=list(faces), **more)

        associate("eileen", eileen, ClientRequestToken="first")
        associate("eileen", eileen, ClientRequestToken="first")
        associate("eileen", grace, ClientRequestToken="first")
        associate("grace", grace, mirrored)
        associate("eileen", mirrored, _NOBODY)
        associate("empty", grace, UserMatchThreshold=99)
        associate("nobody", eileen)
        associate("eileen")
        call("ListUsers", CollectionId=_FAMILY)
        first = call("ListUsers", CollectionId=_FAMILY, MaxResults=1)
        call("ListUsers", CollectionId=_FAMILY, MaxResults=1, NextToken=first["NextToken"])
        call("ListUsers", CollectionId="nowhere")
        call("ListFaces", CollectionId=_FAMILY, UserId="grace")
        call("DescribeCollection", CollectionId=_FAMILY)
        for user, face in (("grace", mirrored), ("grace", mirrored), ("nobody", grace)):
            call("DisassociateFaces", CollectionId=_FAMILY, UserId=user, FaceIds=[face])

    def _user_searches(self) -> None:
        call = self.call
        eileen, _, mirrored = self._ids()
        for request in (
            {"FaceId": mirrored},
            {"UserId": "eileen", "UserMatchThreshold": 0, "MaxUsers": 1},
            {"UserId": "empty"},
            {"UserId": "nobody"},
            {"FaceId": _NOBODY},
            {"UserId": "eileen", "FaceId": eileen},
            {},
        ):
            call("SearchUsers", CollectionId=_FAMILY, **request)
        operation = "SearchUsersByImage"
        self._search(operation, "three.jpg")
        self._search(operation, "pair.jpg", UserMatchThreshold=0, MaxUsers=2)
        self._search(operation, "dark-and-bright.jpg", QualityFilter="HIGH")
        self._search(operation, "nobody.jpg")
        self._search(operation, "eileen.jpg", CollectionId="nowhere")

    def _templates(self) -> None:
        call = self.call
        exported = call("ReknownExportTemplates", CollectionId=_FAMILY)
        page = call("ReknownExportTemplates", CollectionId=_FAMILY, MaxResults=2)
        call("ReknownExportTemplates", CollectionId=_FAMILY, NextToken=page["NextToken"])
        call("ReknownExportTemplates", CollectionId="nowhere")
        space, templates = exported["TemplateSpace"], exported["Templates"]

        def bring(collection: str, **changed: Any) -> None:
            request = {"TemplateSpace": space, "Templates": templates, **changed}
            call("ReknownImportTemplates", CollectionId=collection, **request)

        call("CreateCollection", CollectionId="copy")
        bring("copy", TemplateSpace=space | {"Fingerprint": "ab" * 32})
        bring("copy", Templates=[templates[0] | {"Vector": templates[0]["Vector"][:-4]}])
        bring("copy")
        bring("nowhere")
        moved = call("ReknownExportTemplates", CollectionId="empty")["Templates"]
        call("DeleteCollection", CollectionId="empty")
        for _ in range(2):
            bring("copy", Templates=moved)
        call("ListFaces", CollectionId="copy")
        call("SearchFaces", CollectionId="copy", FaceId=moved[0]["FaceId"])

    def _celebrities(self) -> None:
        call, image = self.call, self._image
        call("RecognizeCelebrities", Image=image("grace.jpg"))
        call("GetCelebrityInfo", Id="nobody")
        exported = call("ReknownExportTemplates", CollectionId="copy")
        profile = {"Urls": ["www.example.org/grace"], "KnownGender": {"Type": "Female"}}
        grace = exported["Templates"][0] | {"FaceId": _STAR, "UserId": "grace"}
        space = exported["TemplateSpace"]

        def bring(**profile: Any) -> None:
            templates = [grace | {"UserProfile": profile}]
            request = {"TemplateSpace": space, "Templates": templates}
            call("ReknownImportTemplates", CollectionId="stars", **request)

        call("CreateCollection", CollectionId="stars")
        bring(Urls=["javascript:alert(1)"])
        bring(**profile)
        call("ReknownExportTemplates", CollectionId="stars")
        for name in ("three.jpg", "dark-and-bright.jpg", "nobody.jpg", "broken.jpg"):
            found = call("RecognizeCelebrities", Image=image(name))
            for celebrity in found.get("CelebrityFaces", ())[:1]:
                call("GetCelebrityInfo", Id=celebrity["Id"])
        call("RecognizeCelebrities", Image={})
        call("GetCelebrityInfo", Id="no id")
        self.guest("RecognizeCelebrities", Image=image("grace.jpg"))

    def _videos(self) -> None:
        call = self.call
        film = {"S3Object": {"Bucket": "media", "Name": "film.mp4"}}
        broken = {"S3Object": {"Bucket": "media", "Name": "broken.mp4"}}
        missing = {"S3Object": {"Bucket": "media", "Name": "none.mp4"}}
        kinds: dict[str, dict[str, Any]] = {
            "FaceDetection": {"FaceAttributes": "ALL"},
            "FaceSearch": {"CollectionId": _FAMILY},
            "PersonTracking": {},
            "CelebrityRecognition": {},
            "TextDetection": {"Video": {"S3Object": {"Bucket": "media", "Name": "sign.mp4"}}},
        }
        jobs: dict[str, str] = {}
        for kind, more in kinds.items():
            start = f"Start{kind}"
            request = {"Video": film, "JobTag": "golden", "ClientRequestToken": kind, **more}
            jobs[kind] = call(start, **request)["JobId"]
            call(start, **request)
            call(start, **{**request, "JobTag": "another"})
            call(start, **{**request, "Video": missing, "ClientRequestToken": "missing"})
            call(start, **{**request, "Video": {}, "ClientRequestToken": "none"})
            call(f"Get{kind}", JobId=jobs[kind])
        call("StartFaceSearch", Video=film, CollectionId="nowhere")
        failed = call("StartPersonTracking", Video=broken, ClientRequestToken="broken")["JobId"]
        self.work()
        for kind, job in jobs.items():
            self._read(f"Get{kind}", job)
        call("GetPersonTracking", JobId=failed)
        call("GetFaceDetection", JobId=jobs["FaceSearch"])
        for order in ("INDEX", "TIMESTAMP"):
            call("GetFaceSearch", JobId=jobs["FaceSearch"], SortBy=order, MaxResults=3)
            call("GetPersonTracking", JobId=jobs["PersonTracking"], SortBy=order, MaxResults=3)
        for order in ("ID", "TIMESTAMP"):
            job = jobs["CelebrityRecognition"]
            call("GetCelebrityRecognition", JobId=job, SortBy=order, MaxResults=3)
        self.guest("GetFaceSearch", JobId=jobs["FaceSearch"])

    def _streams(self) -> None:
        call, hall = self.call, {"Name": "hall"}
        video = "arn:aws:kinesisvideo:us-east-1:000000000000:stream/door/1"
        box = {"BoundingBox": {"Left": 0, "Top": 0, "Width": 0.5, "Height": 1}}
        corners = [{"X": 0, "Y": 0}, {"X": 1, "Y": 0}, {"X": 0, "Y": 1}]
        asked = {
            **hall,
            "Input": {"KinesisVideoStream": {"Arn": video}},
            "Output": {},
            "Settings": {"FaceSearch": {"CollectionId": _FAMILY}},
            "RoleArn": "arn:aws:iam::000000000000:role/streams",
        }
        arn = call("CreateStreamProcessor", **asked, Tags={"floor": "1"}, RegionsOfInterest=[box])[
            "StreamProcessorArn"
        ]
        call("CreateStreamProcessor", **asked)
        home = {"ConnectedHome": {"Labels": ["PERSON"]}}
        call("CreateStreamProcessor", **{**asked, "Name": "home", "Settings": home})
        data = {"KinesisDataStream": {"Arn": "arn:aws:kinesis:us-east-1:000000000000:stream/a"}}
        call("CreateStreamProcessor", **{**asked, "Name": "data", "Output": data})
        nowhere = {"FaceSearch": {"CollectionId": "nowhere"}}
        call("CreateStreamProcessor", **{**asked, "Name": "lost", "Settings": nowhere})
        call("DescribeStreamProcessor", **hall)
        call("DescribeStreamProcessor", Name="nowhere")
        call("CreateStreamProcessor", **{**asked, "Name": "yard"})
        page = call("ListStreamProcessors", MaxResults=1)
        call("ListStreamProcessors", NextToken=page["NextToken"])
        call("ListStreamProcessors", NextToken="made up")
        call("UpdateStreamProcessor", **hall, RegionsOfInterestForUpdate=[{"Polygon": corners}])
        call("UpdateStreamProcessor", **hall)
        call("ListTagsForResource", ResourceArn=arn)
        call("StartStreamProcessor", **hall)
        call("StartStreamProcessor", **hall)
        call("DescribeStreamProcessor", **hall)
        call("DeleteStreamProcessor", **hall)
        call("ReknownLookThroughCamera", **hall)
        self.guest("ReknownLookThroughCamera", **hall)
        self.guest("DescribeStreamProcessor", **hall)
        self.guest("ListStreamProcessors")
        call("StopStreamProcessor", **hall)
        call("StopStreamProcessor", **hall)
        for name in ("hall", "yard", "yard"):
            call("DeleteStreamProcessor", Name=name)

    def _archive(self) -> None:
        call, family = self.call, {"CollectionId": _FAMILY}
        call("ReknownListGroups", **family)
        self.scan()
        call("ReknownFindSightings", **family, Image=self._image("grace.jpg"))
        call("ReknownFindSightings", **family, Image=self._image("nobody.jpg"))
        call("ReknownFindSightings", **family)
        found = call("ReknownListGroups", **family, MaxResults=1)
        call("ReknownListGroups", **family, NextToken="made up")
        number = found["Groups"][0]["Number"]
        self._groups(number)
        self._files()
        group = {"Number": number, "UserId": "Grace Hopper"}
        call("ReknownNameGroup", **family, **group)
        of_it = {**family, "Number": number}
        call("ReknownUnnameGroup", **of_it)
        call("ReknownUnnameGroup", **of_it)
        call("ReknownNameGroup", **family, **group)
        call("ReknownNameGroup", **family, Number=99, UserId="Grace Hopper")
        call("ReknownFindSightings", **family, UserId="Grace Hopper", SimilarityThreshold=90)
        call("ReknownListGroups", **family, Everybody=True)
        call("ReknownRenameUser", **family, UserId="Grace Hopper", NewUserId="Admiral")
        call("ReknownRenameUser", **family, UserId="Grace Hopper", NewUserId="Admiral")
        call("ReknownRenameUser", **family, UserId="Admiral", NewUserId="eileen")
        (face, *_) = call("ListFaces", **family, UserId="Admiral")["Faces"]
        faces = [face["FaceId"], _NOBODY]
        call("ReknownMoveFaces", **family, FaceIds=faces, UserId="Grace Murray")
        call("ReknownMoveFaces", CollectionId="nowhere", FaceIds=faces)
        call("ReknownMergeUsers", **family, UserId="Grace Murray", IntoUserId="Admiral")
        call("ReknownMergeUsers", **family, UserId="Grace Murray", IntoUserId="Admiral")

    def _files(self) -> None:
        call, family = self.call, {"CollectionId": _FAMILY}
        page = call("ReknownListArchive", **family, MaxResults=1)
        call("ReknownListArchive", **family, NextToken=page["NextToken"])
        call("ReknownListArchive", CollectionId="nowhere")
        call("ReknownDeleteFromArchive", **family, Digests=["0" * 64])
        call("ReknownDeleteFromArchive", **family, Digests=["none"])

    def _groups(self, number: int) -> None:
        call, family = self.call, {"CollectionId": _FAMILY}
        one = {**family, "Number": number}
        first = call("ReknownReadGroup", **one, MaxResults=1)
        call("ReknownReadGroup", **one, NextToken=first["NextToken"])
        call("ReknownReadGroup", **family, Number=99)
        ids = [first["Sightings"][0]["SightingId"]]
        made = call("ReknownSplitGroup", **one, SightingIds=ids)["Group"]["Number"]
        call("ReknownSplitGroup", **family, Number=made, SightingIds=ids)
        call("ReknownGroupSightings", **family)
        call("ReknownProposeMerges", **family)
        call("ReknownKeepApart", **one, OtherNumber=made)
        call("ReknownKeepApart", **one, OtherNumber=made, Undo=True)
        call("ReknownKeepApart", **one, UserId="nobody")
        call("ReknownKeepApart", **one)
        call("ReknownMergeGroups", **family, Number=made, IntoNumber=number)
        call("ReknownMergeGroups", **family, Number=made, IntoNumber=number)
        call("ReknownIgnoreGroup", **one)
        call("ReknownIgnoreGroup", **one, Ignored=False)
        call("ReknownIgnoreGroup", **family, Number=99)
        self._jobs()

    def _jobs(self) -> None:
        call, family = self.call, {"CollectionId": _FAMILY}
        job = call("ReknownScanArchive", **family)["JobId"]
        call("ReknownScanArchive", **family)
        page = call("ReknownListJobs", **family, MaxResults=1)
        call("ReknownListJobs", **family, NextToken=page["NextToken"])
        self.guest("ReknownStopJob", JobId=job)
        for _ in range(2):
            call("ReknownStopJob", JobId=job)
        call("ReknownListJobs", **family, MaxResults=1)
        call("ReknownStopJob", JobId=_NOBODY)
        for name in ("GroupSightings", "ProposeMerges", "ListJobs", "ScanArchive"):
            call(f"Reknown{name}", CollectionId="nowhere")

    def _reviews(self) -> None:
        call, family = self.call, {"CollectionId": _FAMILY}
        call("ReknownListCases", CollectionId="nowhere")
        call("ReknownReadCase", **family, CaseId=_NOBODY)
        said = {"Number": 1, "Opinion": "same", "Grounds": ["ears"]}
        call("ReknownJudgeCandidate", **family, CaseId=_NOBODY, **said)
        self.review()
        case, seen = call("ReknownListCases", **family)["Cases"]
        call("ReknownReadCase", **family, CaseId=seen["CaseId"])
        family["CaseId"] = case["CaseId"]
        call("ReknownReadCase", **family)
        call("ReknownJudgeCandidate", **family, **{**said, "Opinion": "sure"})
        call("ReknownJudgeCandidate", **family, **said)
        call("ReknownJudgeCandidate", **family, **said)
        call("ReknownReadCase", **family)

    def _policies(self) -> None:
        call, family, rooms = self.call, {"CollectionId": _FAMILY}, {"CollectionId": "copy"}
        call("ReknownDescribePolicy", **family)
        call("ReknownDescribePolicy", CollectionId="nowhere")
        call("ReknownPutPolicy", **rooms, Policy='purposes = ["reunion"]\nkeep_records = 9\n')
        call("ReknownPutPolicy", **rooms, Policy="purposes = reunion")
        call("ReknownPutPolicy", **rooms, Policy="\nkeep_faces = 0")
        call("ReknownPutPolicy", CollectionId="nowhere", Policy="")
        call("ReknownDescribePolicy", **rooms)
        ada = {"UserId": "ada"}
        agreed = {**ada, "Text": b"I agree", "Basis": "signed"}
        call("ReknownRecordConsent", **rooms, **agreed, ExpiresAt="2099-12-31")
        call("ReknownRecordConsent", **rooms, **agreed, ExpiresAt="next year")
        call("ReknownRecordConsent", **rooms, **agreed)
        page = call("ReknownListConsents", **rooms, MaxResults=1)
        call("ReknownListConsents", **rooms, NextToken=page["NextToken"])
        call("ReknownListConsents", **rooms, NextToken="made up")
        call("ReknownWithdrawConsent", **rooms, **ada)
        call("ReknownWithdrawConsent", **rooms, **ada)
        call("ReknownListConsents", **rooms)
        asked = {"Searcher": "cli:ada", "Reason": "case 4711"}
        made = call("ReknownGrantApproval", **rooms, **asked, Searches=3, Days=2)
        call("ReknownGrantApproval", **rooms, **{**asked, "Searcher": "ada"})
        call("ReknownGrantApproval", **rooms, **asked, Searches=0)
        call("ReknownGrantApproval", **rooms, **asked)
        page = call("ReknownListApprovals", **rooms, MaxResults=1)
        call("ReknownListApprovals", **rooms, NextToken=page["NextToken"])
        call("ReknownListApprovals", **rooms, NextToken="made up")
        granted = {"ApprovalId": made["Approval"]["ApprovalId"]}
        call("ReknownWithdrawApproval", **rooms, **granted)
        call("ReknownWithdrawApproval", **family, **granted)
        self.guest("ReknownGrantApproval", CollectionId="guest-room", **asked)
        call("ReknownStopSearches", **rooms, Reason="a drill")
        call("ReknownStopSearches", CollectionId="nowhere", Reason="a drill")
        call("SearchFaces", **rooms, FaceId=_NOBODY)
        call("ReknownResumeSearches", **rooms)
        call("ReknownResumeSearches", **rooms)
        self.guest("ReknownStopSearches", CollectionId="guest-room", Reason="a drill")
        self.guest("ReknownResumeSearches", CollectionId="guest-room")
        call("ReknownPutPolicy", **rooms, Policy="")

    def _read(self, operation: str, job: str) -> None:
        call = self.call
        page = call(operation, JobId=job, MaxResults=2)
        call(operation, JobId=job, MaxResults=1, NextToken=page["NextToken"])
        call(operation, JobId=job, NextToken="made up")
        call(operation, JobId="f" * 64)

    def _refusals(self) -> None:
        self.guest("DescribeCollection", CollectionId=_FAMILY)
        self.guest("SearchFaces", CollectionId=_FAMILY, FaceId=_NOBODY)
        self.guest("SearchFaces", CollectionId="guest-room", FaceId=_NOBODY)
        self.guest("ReknownExportTemplates", CollectionId="guest-room")
        self.stranger("ListCollections")
        self.call("DetectLabels", Image=self._image("eileen.jpg"))

    def _ends(self) -> None:
        call = self.call
        eileen, grace, mirrored, *_ = self._ids()
        call("DeleteFaces", CollectionId=_FAMILY, FaceIds=[mirrored, _NOBODY, grace])
        call("DeleteFaces", CollectionId=_FAMILY, FaceIds=[])
        call("DeleteFaces", CollectionId="nowhere", FaceIds=[eileen])
        call("ListFaces", CollectionId=_FAMILY)
        for user in ("empty", "empty", "eileen"):
            call("DeleteUser", CollectionId=_FAMILY, UserId=user)
        call("DeleteUser", CollectionId="nowhere", UserId="eileen")
        call("ListUsers", CollectionId=_FAMILY)
        for collection in (_FAMILY, _FAMILY, "copy", "stars", "empty"):
            call("DeleteCollection", CollectionId=collection)
        call("ListCollections")
