"""Clients that use all operations of a server and remember what it has acknowledged."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bench import serving
from bench.serving import RawClient, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.serving import Access

# How often each operation is called, relative to the others.
SHARES = {
    "SearchFacesByImage": 22.0,
    "DetectFaces": 18.0,
    "IndexFaces": 10.0,
    "SearchFaces": 8.0,
    "CompareFaces": 6.0,
    "SearchUsersByImage": 5.0,
    "SearchUsers": 4.0,
    "ListFaces": 4.0,
    "ReknownSearchAllFacesByImage": 3.0,
    "DeleteFaces": 3.0,
    "DescribeCollection": 3.0,
    "AssociateFaces": 3.0,
    "CreateUser": 2.0,
    "ListCollections": 2.0,
    "ListUsers": 2.0,
    "DisassociateFaces": 1.0,
    "DeleteUser": 1.0,
    "TagResource": 1.0,
    "ListTagsForResource": 1.0,
    "UntagResource": 0.5,
    "ReknownExportTemplates": 0.5,
    "ReknownImportTemplates": 0.5,
    "CreateCollection": 0.5,
    "DeleteCollection": 0.3,
}
_IMAGES = 24
_PAUSE = 0.05
_WRONG = 0.01


class NoAnswerError(Exception):
    """Nobody knows whether the request was carried out."""


@dataclass(slots=True)
class Known:
    """What one client knows of a collection that only it changes."""

    faces: dict[str, str | None] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """Who a client is: its number, its collections with the faces in them, and all others.

    `shares` say how often it calls each operation.
    """

    number: int
    own: dict[str, list[str]]
    all: list[str]
    space: dict[str, Any]
    shares: dict[str, float] = field(default_factory=lambda: SHARES)


@dataclass(slots=True)
class Record:
    """What a client has seen.

    `known` holds what must be there at the end, `gone` the faces that must not; what was in
    an unanswered request is in neither. `answers` are (request id, operation, code).
    """

    known: dict[str, Known]
    gone: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    dropped: set[str] = field(default_factory=set)
    unsure: set[str] = field(default_factory=set)
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    not_sent: int = 0
    throttled: int = 0


def run_clients(access: Access, plans: Sequence[Plan], stop: Path, crashes: bool) -> list[Record]:
    """One thread for each plan, until the file `stop` is there."""
    images = serving.variants(_IMAGES, plans[0].number)
    group = serving.group()
    clients = [Client(access, plan, images, group, crashes) for plan in plans]
    threads = [threading.Thread(target=client.work, args=(stop,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [client.record for client in clients]


class Client:
    """Calls one operation after the other; with `crashes` it outlives the server."""

    def __init__(
        self, access: Access, plan: Plan, images: list[bytes], group: bytes, crashes: bool
    ) -> None:
        self.record = Record({name: Known(dict.fromkeys(ids)) for name, ids in plan.own.items()})
        self._plan = plan
        self._client = RawClient(access)
        self._images = images
        self._group = group
        self._crashes = crashes
        self._chance = random.Random(plan.number)
        self._made = 0
        self._work: dict[str, Callable[[], None]] = {
            "SearchFacesByImage": self._search_by_image,
            "DetectFaces": self._detect,
            "IndexFaces": self._index,
            "SearchFaces": self._search_faces,
            "CompareFaces": self._compare,
            "SearchUsersByImage": self._search_users_by_image,
            "SearchUsers": self._search_users,
            "ListFaces": self._list_faces,
            "ReknownSearchAllFacesByImage": self._search_all,
            "DeleteFaces": self._delete_faces,
            "DescribeCollection": self._describe,
            "AssociateFaces": self._associate,
            "CreateUser": self._create_user,
            "ListCollections": self._list_collections,
            "ListUsers": self._list_users,
            "DisassociateFaces": self._disassociate,
            "DeleteUser": self._delete_user,
            "TagResource": self._tag,
            "ListTagsForResource": self._list_tags,
            "UntagResource": self._untag,
            "ReknownExportTemplates": self._export,
            "ReknownImportTemplates": self._import,
            "CreateCollection": self._create_collection,
            "DeleteCollection": self._delete_collection,
        }

    def work(self, stop: Path) -> None:
        names, weights = list(self._plan.shares), list(self._plan.shares.values())
        while not stop.exists():
            operation = self._chance.choices(names, weights)[0]
            try:
                self._work[operation]()
            except NoAnswerError:
                time.sleep(_PAUSE)
        self._client.close()

    # --- calling

    def _call(
        self, operation: str, body: dict[str, Any], *allowed: str, unsure: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        """The answer, None for one of the `allowed` errors or when the server is busy.

        Without an answer nobody knows about `unsure` any more.
        """
        record = self.record
        started = time.perf_counter()
        try:
            reply = self._client.call(operation, body)
        except ConnectionRefusedError as error:
            record.not_sent += 1
            self._missing(operation, error)
            raise NoAnswerError from error
        except (OSError, http.client.HTTPException) as error:
            record.unanswered[operation] += 1
            record.unsure.update(unsure)
            for known in record.known.values():
                for name in unsure:
                    known.faces.pop(name, None)
                    known.users.discard(name)
                    known.tags.pop(name, None)
            self._missing(operation, error)
            raise NoAnswerError from error
        record.answers.append((reply.request_id, operation, reply.code))
        record.seconds[operation].append(time.perf_counter() - started)
        if reply.code == "ThrottlingException":
            record.throttled += 1
            time.sleep(_PAUSE)
            return None
        if reply.status == 200 and reply.body is not None:
            return reply.body
        if reply.body is None or reply.status != 400 or reply.code not in allowed:
            self._problem(operation, reply)
        return None

    def _missing(self, operation: str, error: Exception) -> None:
        if not self._crashes:
            self.record.problems.append(f"{operation}: no answer: {error!r}")

    def _problem(self, operation: str, reply: Reply) -> None:
        detail = (reply.body or {}).get("Message", "")
        self.record.problems.append(f"{operation}: {reply.status} {reply.code} {detail}")

    # --- choosing

    def _image(self) -> dict[str, Any]:
        return {"Bytes": serving.in_base64(self._chance.choice(self._images))}

    def _any(self) -> str:
        return self._chance.choice(self._plan.all)

    def _own(self) -> str:
        return self._chance.choice(list(self.record.known))

    def _name(self, kind: str) -> str:
        self._made += 1
        return f"{kind}-{self._plan.number}-{self._made}"

    def _some_faces(self, collection: str, most: int, *, of_users: bool) -> list[str]:
        faces = self.record.known[collection].faces
        fit = [face for face, user in faces.items() if of_users or user is None]
        # the latest ones, so that real faces are among them
        return self._chance.sample(fit[-50:], min(most, len(fit)))

    # --- images and searches

    def _detect(self) -> None:
        if self._chance.random() < 0.1:
            self._call("DetectFaces", {"Image": {"Bytes": serving.in_base64(self._group)}})
            return
        self._call("DetectFaces", {"Image": self._image()})

    def _compare(self) -> None:
        body = {"SourceImage": self._image(), "TargetImage": self._image()}
        self._call("CompareFaces", body)

    def _search_by_image(self) -> None:
        if self._chance.random() < _WRONG:
            wrong = {"CollectionId": "no-such-collection", "Image": self._image()}
            self._call("SearchFacesByImage", wrong, "ResourceNotFoundException")
            return
        body = {"CollectionId": self._any(), "Image": self._image(), "MaxFaces": 10}
        self._call("SearchFacesByImage", body)

    def _search_users_by_image(self) -> None:
        body = {"CollectionId": self._any(), "Image": self._image(), "MaxUsers": 10}
        self._call("SearchUsersByImage", body)

    def _search_all(self) -> None:
        body = {"CollectionId": self._any(), "Image": self._image(), "MaxFaces": 10}
        self._call("ReknownSearchAllFacesByImage", body)

    def _search_faces(self) -> None:
        name = self._own()
        for face in self._some_faces(name, 1, of_users=True):
            self._call("SearchFaces", {"CollectionId": name, "FaceId": face, "MaxFaces": 10})

    def _search_users(self) -> None:
        name = self._own()
        users = sorted(self.record.known[name].users)
        if users and self._chance.random() < 0.5:
            user = self._chance.choice(users)
            self._call("SearchUsers", {"CollectionId": name, "UserId": user})
            return
        for face in self._some_faces(name, 1, of_users=True):
            self._call("SearchUsers", {"CollectionId": name, "FaceId": face})

    # --- faces

    def _index(self) -> None:
        name = self._own()
        image = serving.fresh(self._chance.choice(self._images))
        body = {
            "CollectionId": name,
            "Image": {"Bytes": serving.in_base64(image)},
            "ExternalImageId": self._name("photo"),
            "QualityFilter": "NONE",
        }
        answer = self._call("IndexFaces", body)
        if answer is None:
            return
        made = [entry["Face"]["FaceId"] for entry in answer["FaceRecords"]]
        self.record.known[name].faces.update(dict.fromkeys(made))
        if self._chance.random() < 0.2:
            self._expect_found(name, body["Image"], made)

    def _expect_found(self, name: str, image: object, made: list[str]) -> None:
        """What has been acknowledged is found by the next request."""
        wanted = {"CollectionId": name, "Image": image, "MaxFaces": 4096}
        answer = self._call("SearchFacesByImage", wanted)
        if answer is not None:
            found = {match["Face"]["FaceId"] for match in answer["FaceMatches"]}
            if not set(made) <= found:
                self.record.problems.append(f"stale: {made} not found in {name}")

    def _delete_faces(self) -> None:
        name = self._own()
        faces = self._some_faces(name, 4, of_users=True)
        if not faces:
            return
        answer = self._call("DeleteFaces", {"CollectionId": name, "FaceIds": faces}, unsure=faces)
        if answer is None:
            return
        known, gone = self.record.known[name], answer.get("DeletedFaces", [])
        for face in gone:
            known.faces.pop(face)
            self.record.gone[name].add(face)
        if gone and self._chance.random() < 0.5:
            body = {"CollectionId": name, "FaceId": gone[0]}
            if self._call("SearchFaces", body, "InvalidParameterException") is not None:
                self.record.problems.append(f"stale: deleted {gone[0]} is still there")

    def _list_faces(self) -> None:
        name = self._own() if self._chance.random() < 0.5 else self._any()
        body: dict[str, Any] = {"CollectionId": name, "MaxResults": 100}
        for _ in range(3):
            answer = self._call("ListFaces", body)
            if answer is None or "NextToken" not in answer:
                return
            body["NextToken"] = answer["NextToken"]

    def _export(self) -> None:
        self._call("ReknownExportTemplates", {"CollectionId": self._any(), "MaxResults": 50})

    def _import(self) -> None:
        name, space = self._own(), self._plan.space
        seed = self._chance.randrange(2**31)
        faces = serving.templates(serving.strangers(5, space["Dimension"], seed))
        ids = [face["FaceId"] for face in faces]
        body = {"CollectionId": name, "TemplateSpace": space, "Templates": faces}
        answer = self._call("ReknownImportTemplates", body)
        if answer is not None:
            self.record.known[name].faces.update(dict.fromkeys(ids))

    # --- users

    def _create_user(self) -> None:
        name, user = self._own(), self._name("user")
        body = {"CollectionId": name, "UserId": user, "ClientRequestToken": str(uuid4())}
        if self._call("CreateUser", body, unsure=[user]) is None:
            return
        self.record.known[name].users.add(user)
        if self._chance.random() < 0.2:
            # as a client does that has missed the answer
            self._call("CreateUser", body)

    def _associate(self) -> None:
        name = self._own()
        known = self.record.known[name]
        faces = self._some_faces(name, 3, of_users=False)
        if not known.users or not faces:
            return
        user = self._chance.choice(sorted(known.users))
        body = {"CollectionId": name, "UserId": user, "FaceIds": faces, "UserMatchThreshold": 50}
        answer = self._call("AssociateFaces", body, "ServiceQuotaExceededException", unsure=faces)
        for entry in (answer or {}).get("AssociatedFaces", []):
            known.faces[entry["FaceId"]] = user

    def _disassociate(self) -> None:
        name = self._own()
        known = self.record.known[name]
        pairs = [(face, user) for face, user in known.faces.items() if user is not None]
        if not pairs:
            return
        face, user = self._chance.choice(pairs)
        body = {"CollectionId": name, "UserId": user, "FaceIds": [face]}
        answer = self._call("DisassociateFaces", body, unsure=[face])
        for entry in (answer or {}).get("DisassociatedFaces", []):
            known.faces[entry["FaceId"]] = None

    def _delete_user(self) -> None:
        name = self._own()
        known = self.record.known[name]
        if not known.users:
            return
        user = self._chance.choice(sorted(known.users))
        faces = [face for face, owner in known.faces.items() if owner == user]
        body = {"CollectionId": name, "UserId": user}
        if self._call("DeleteUser", body, unsure=[user, *faces]) is None:
            return
        known.users.discard(user)
        self.record.gone[name].add(user)
        known.faces.update(dict.fromkeys(faces))

    def _list_users(self) -> None:
        body: dict[str, Any] = {"CollectionId": self._own(), "MaxResults": 5}
        for _ in range(3):
            answer = self._call("ListUsers", body)
            if answer is None or "NextToken" not in answer:
                return
            body["NextToken"] = answer["NextToken"]

    # --- collections

    def _create_collection(self) -> None:
        name = self._name("made")
        if self._call("CreateCollection", {"CollectionId": name, "Tags": {"by": "bench"}}) is None:
            return
        self.record.known[name] = Known(tags={"by": "bench"})

    def _delete_collection(self) -> None:
        made = [name for name in self.record.known if name.startswith("made-")]
        if not made:
            return
        name = self._chance.choice(made)
        known = self.record.known.pop(name)
        if self._call("DeleteCollection", {"CollectionId": name}) is None:
            # throttled: it is still there
            self.record.known[name] = known
            return
        self.record.dropped.add(name)

    def _describe(self) -> None:
        self._call("DescribeCollection", {"CollectionId": self._any()})

    def _list_collections(self) -> None:
        body: dict[str, Any] = {"MaxResults": 50}
        for _ in range(2):
            answer = self._call("ListCollections", body)
            if answer is None or "NextToken" not in answer:
                return
            body["NextToken"] = answer["NextToken"]

    def _tag(self) -> None:
        name, key, value = self._own(), f"key-{self._chance.randrange(5)}", uuid4().hex
        known = self.record.known[name]
        body = {"ResourceArn": serving.arn(name), "Tags": {key: value}}
        if self._call("TagResource", body, unsure=[key]) is not None:
            known.tags[key] = value

    def _untag(self) -> None:
        name = self._own()
        known = self.record.known[name]
        if not known.tags:
            return
        key = self._chance.choice(sorted(known.tags))
        body = {"ResourceArn": serving.arn(name), "TagKeys": [key]}
        if self._call("UntagResource", body, unsure=[key]) is not None:
            del known.tags[key]

    def _list_tags(self) -> None:
        name = self._own()
        answer = self._call("ListTagsForResource", {"ResourceArn": serving.arn(name)})
        if answer is not None:
            shown, known = answer.get("Tags", {}), self.record.known[name].tags
            if not known.items() <= shown.items():
                self.record.problems.append(f"stale: tags of {name} are {shown}, not {known}")
