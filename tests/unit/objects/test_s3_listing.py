"""What an S3 store has, told page by page and believed as little as possible."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest

from reknown.biometrics.errors import ObjectNotFoundError, ObjectStoreError
from reknown.objects.base import MOST_NAMES, ObjectFolder, ObjectNames
from unit.objects.servers import BUCKET, HASTY, Answering, s3_objects, serving

if TYPE_CHECKING:
    from reknown.objects.s3 import S3Objects


def test_a_bucket_is_listed_by_folder_and_by_the_beginning_of_names(
    bucket: Any, store: S3Objects
) -> None:
    for key in ("a.mp4", "b.mp4", "2026/party.mp4", "2026/may/é ü+%2f.mp4", "a//b", "x/../y"):
        bucket.put_object(Key=key, Body=b"film")
    assert store.buckets() == [BUCKET]
    found = store.list_folder(ObjectFolder(BUCKET))
    assert (found.folders, found.keys) == (("2026/", "a/", "x/"), ("a.mp4", "b.mp4"))
    assert store.list_folder(ObjectFolder(BUCKET, beginning="b")).keys == ("b.mp4",)
    within = store.list_folder(ObjectFolder(BUCKET, "2026/"))
    assert (within.folders, within.keys) == (("2026/may/",), ("2026/party.mp4",))
    assert store.list_folder(ObjectFolder(BUCKET, "2026/may/")).keys == ("2026/may/é ü+%2f.mp4",)
    # nobody could ask for it
    assert store.list_folder(ObjectFolder(BUCKET, "x/")) == ObjectNames((), ())


def test_many_names_come_page_by_page_each_once(bucket: Any, store: S3Objects) -> None:
    names = [f"{'long' * 40}{number:05}.mp4" for number in range(MOST_NAMES + 2)]
    for name in names:
        bucket.put_object(Key=name, Body=b"")
    first = store.list_folder(ObjectFolder(BUCKET))
    assert len(first.keys) == MOST_NAMES
    rest = store.list_folder(ObjectFolder(BUCKET, after=first.next))
    assert [*first.keys, *rest.keys] == names
    assert rest.next is None
    bucket.object_versions.delete()  # the fixture's own call takes a page


def test_what_is_missing_is_not_found(bucket: Any, store: S3Objects) -> None:
    for where in (
        ObjectFolder("no-such-bucket"),
        ObjectFolder(BUCKET, "no-slash"),
        ObjectFolder(BUCKET, "../"),
        ObjectFolder(BUCKET, after="x" * 4097),
        ObjectFolder("a--x-s3"),
    ):
        with pytest.raises(ObjectNotFoundError):
            store.list_folder(where)


def _listed(*keys: str) -> ObjectNames:
    """What is made of a store's answer with these names."""
    contents = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
    body = f"<ListBucketResult>{contents}</ListBucketResult>".encode()
    answering = Answering(headers={"Content-Length": str(len(body))}, chunks=[body])
    with serving(answering), closing(s3_objects(answering.endpoint, HASTY)) as objects:
        return objects.list_folder(ObjectFolder(BUCKET, "films/"))


def test_names_that_lie_elsewhere_are_not_believed() -> None:
    odd = ("films/../secret", "elsewhere/x.mp4", "films/", "films/two\nlines.mp4", "")
    assert _listed(*odd, "films/x.mp4").keys == ("films/x.mp4",)


def test_more_than_was_asked_for_is_cut() -> None:
    assert len(_listed(*(f"films/{number}" for number in range(3000))).keys) == MOST_NAMES


def test_an_answer_without_end_is_not_read_to_it() -> None:
    with pytest.raises(ObjectStoreError):
        _listed(*(f"films/{'n' * 1000}{number}" for number in range(6000)))
