from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from contexts import events, faces, user_names
from portraits import nobody, pair, rotated, spoilt, three
from reknown.biometrics.errors import InputError
from reknown.ledger.records import EnrolRecord
from reknown.services.galleries.enrolment import GroupImage, Outcome, enrol_group
from reknown.services.galleries.labelled import enrol_labelled, labelled_photos
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.sidecars import write_names
from xmp_samples import MICROSOFT, region, regions, xmp

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult

# Heads in the 620 x 320 pixels of `pair`, wider than any detector's box: left, top, width, height.
_EILEEN, _GRACE = (0.16, 0.12, 0.21, 0.5), (0.64, 0.12, 0.19, 0.42)
_BOTH = (region("Eileen Collins", _EILEEN), region("Grace Hopper", _GRACE))


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "pair.jpg").write_bytes(pair())
    return folder


def _enrol(
    context: Context, album: Path, left_out: Counter[str] | None = None
) -> list[EnrolmentResult]:
    photos = labelled_photos(album)
    results = enrol_labelled(context, "people", photos, left_out=left_out)
    return [result for each in results for result in each]


def _told(results: list[EnrolmentResult]) -> list[tuple[str, str, str]]:
    return [(each.enrolee.subject, each.outcome.name, each.reason) for each in results]


def test_each_named_face_of_a_group_is_its_persons(context: Context, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(*_BOTH))
    assert _told(_enrol(context, album)) == [
        ("Eileen Collins", "ENROLLED", ""),
        ("Grace Hopper", "ENROLLED", ""),
    ]
    stored = {face.user: face for face in faces(context)}
    assert set(stored) == {"Eileen Collins", "Grace Hopper"}
    assert stored["Eileen Collins"].box.left < 0.3
    assert stored["Grace Hopper"].box.left > 0.6
    assert {(face.image.sha256, face.image.name) for face in stored.values()} == {
        (stored["Grace Hopper"].image.sha256, "pair.jpg")
    }
    records = [event.record for event in events(context, "enrol")]
    assert [one.subject_id for one in records if isinstance(one, EnrolRecord)] == [
        stored["Eileen Collins"].subject_id,
        stored["Grace Hopper"].subject_id,
    ]


def test_the_second_run_finds_all_of_them_in(context: Context, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(*_BOTH))
    first = [result.face and result.face.face_id for result in _enrol(context, album)]
    again = _enrol(context, album)
    assert [result.outcome for result in again] == [Outcome.KNOWN] * 2
    assert [result.face and result.face.face_id for result in again] == first


def test_a_name_that_is_spelled_otherwise_is_no_other(context: Context, album: Path) -> None:
    for name in ("Zoe\u0308", "Zo\u00eb", "Zoe\u0308"):
        (album / "pair.jpg.xmp").write_bytes(regions(region(name, _EILEEN)))
        assert [result.reason for result in _enrol(context, album)] == [""]
    assert user_names(context) == ["Zo\u00eb"]


def test_a_face_that_is_named_later_joins_those_that_are_in(context: Context, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(_BOTH[0]))
    _enrol(context, album)
    (album / "pair.jpg.xmp").write_bytes(regions(*_BOTH))
    assert _told(_enrol(context, album)) == [
        ("Eileen Collins", "KNOWN", ""),
        ("Grace Hopper", "ENROLLED", ""),
    ]
    assert len(faces(context)) == 2


def test_a_face_that_is_somebody_else_by_now_stays(context: Context, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(*_BOTH))
    _enrol(context, album)
    (album / "pair.jpg.xmp").write_bytes(regions(region("Eve", _EILEEN), _BOTH[1]))
    (stored,) = [face for face in faces(context) if face.user == "Eileen Collins"]
    reason = "the same image is enrolled as Eileen Collins: reknown faces move"
    assert _told(_enrol(context, album)) == [
        ("Eve", "REFUSED", f"{reason} {stored.face_id} --to Eve"),
        ("Grace Hopper", "KNOWN", ""),
    ]
    assert user_names(context) == ["Eileen Collins", "Grace Hopper"]


def test_names_that_were_exchanged_are_noticed(context: Context, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(*_BOTH))
    _enrol(context, album)
    swapped = (region("Grace Hopper", _EILEEN), region("Eileen Collins", _GRACE))
    (album / "pair.jpg.xmp").write_bytes(regions(*swapped))
    told = _told(_enrol(context, album))
    assert [(outcome, reason.partition(":")[0]) for _, outcome, reason in told] == [
        ("REFUSED", "the same image is enrolled as Eileen Collins"),
        ("REFUSED", "the same image is enrolled as Grace Hopper"),
    ]


def test_a_face_without_a_name_in_the_gallery_is_not_named_behind_its_back(
    context: Context, collection: str, album: Path
) -> None:
    enrol_group(context, collection, GroupImage(pair()))
    (album / "pair.jpg.xmp").write_bytes(regions(_BOTH[0]))
    ((_, outcome, reason),) = _told(_enrol(context, album))
    assert outcome == "REFUSED"
    assert "enrolled without a name: reknown faces move" in reason


@pytest.mark.parametrize("orientation", [3, 6])
def test_photos_on_their_side_have_their_regions_turned(
    orientation: int, context: Context, album: Path
) -> None:
    left, top, width, height = _GRACE
    turns = {
        3: (Image.Transpose.ROTATE_180, (1 - left - width, 1 - top - height, width, height)),
        6: (Image.Transpose.ROTATE_90, (top, 1 - left - width, height, width)),
    }
    transposition, box = turns[orientation]
    (album / "pair.jpg").write_bytes(rotated(pair(), orientation, transposition))
    size = (620, 320) if orientation == 3 else (320, 620)
    sidecar = regions(region("Grace Hopper", box), width=size[0], height=size[1])
    (album / "pair.jpg.xmp").write_bytes(sidecar)
    (result,) = _enrol(context, album)
    assert (result.outcome, result.reason) == (Outcome.ENROLLED, "")
    assert result.face is not None
    assert result.face.box.left > 0.6
    (again,) = _enrol(context, album)
    assert (again.outcome, again.face) == (Outcome.KNOWN, result.face)


def test_sidecars_come_before_what_is_in_the_photo(context: Context, album: Path) -> None:
    inside = xmp(MICROSOFT.replace("0.2, 0.3, 0.1, 0.2", "0.16, 0.12, 0.21, 0.5"))
    (album / "pair.jpg").write_bytes(pair() + inside)
    assert _told(_enrol(context, album)) == [("Ada", "ENROLLED", "")]
    (album / "pair.xmp").write_bytes(regions(_BOTH[1]))
    assert _told(_enrol(context, album)) == [("Grace Hopper", "ENROLLED", "")]
    (album / "pair.jpg.xmp").write_bytes(regions())  # says nothing of faces
    assert _told(_enrol(context, album)) == [("Grace Hopper", "KNOWN", "")]


def test_regions_without_a_fit_face_are_refused_with_the_reason(
    context: Context, album: Path
) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(region("Nobody", (0.4, 0.7, 0.1, 0.2))))
    (album / "dark.jpg").write_bytes(spoilt()["LOW_SHARPNESS"])
    dark = regions(region("Eileen", (0.2, 0.1, 0.6, 0.75)), width=300, height=300)
    (album / "dark.jpg.xmp").write_bytes(dark)
    (album / "crop.jpg").write_bytes(three())
    (album / "crop.jpg.xmp").write_bytes(regions(*_BOTH, width=500, height=500))
    *cropped, (_, dark_outcome, reason), nowhere = _told(_enrol(context, album))
    shape = "its face regions were drawn on an image of another shape"
    assert cropped == [("Eileen Collins", "REFUSED", shape), ("Grace Hopper", "REFUSED", shape)]
    assert dark_outcome == "REFUSED"
    assert reason.startswith("the face is too blurry: ")
    assert nowhere == ("Nobody", "REFUSED", "no face found in its region")
    assert faces(context) == []


def test_what_reknown_proposed_is_nobodys_word(context: Context, album: Path) -> None:
    """A wrong candidate must not come back as a reference."""
    (album / "pair.jpg.xmp").write_bytes(regions(*_BOTH))
    _enrol(context, album)
    (album / "pair.jpg.xmp").unlink()
    photo = album / "pair.jpg"
    assert write_names(context, photo, identify(context, Query("people"), photo)).written
    for user in user_names(context):
        delete_user(context, UserRequest("people", user), keep_faces=False)
    left_out: Counter[str] = Counter()
    assert _enrol(context, album, left_out) == []
    assert +left_out == {"names that Reknown proposed and nobody has confirmed": 2}


def test_files_without_names_are_counted_and_not_decoded(context: Context, album: Path) -> None:
    (album / "nobody.jpg").write_bytes(nobody())
    (album / "notes.txt").write_text("no photo")
    (album / ".trash").mkdir()
    (album / ".trash" / "pair.jpg").write_bytes(pair())
    left_out: Counter[str] = Counter()
    assert _enrol(context, album, left_out) == []
    assert +left_out == {"files without a named face": 3}


def test_a_hostile_sidecar_is_one_photos_misfortune(context: Context, album: Path) -> None:
    (album / "a.jpg").write_bytes(pair())
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
    (album / "a.jpg.xmp").write_bytes(laughs)
    (album / "b.jpg").write_bytes(pair() + b"<x:xmpmeta>" + b"<a>" * 1000 + b"</x:xmpmeta>")
    (album / "pair.jpg.xmp").write_bytes(regions(_BOTH[1]))
    left_out: Counter[str] = Counter()
    (_, refused, reason), enrolled = _told(_enrol(context, album, left_out))
    assert +left_out == {"files without a named face": 1}
    assert (refused, enrolled) == ("REFUSED", ("Grace Hopper", "ENROLLED", ""))
    assert f"cannot read {album / 'a.jpg.xmp'}: XMP with a document type" in reason


def test_a_name_that_cannot_be_stored_is_refused(context: Context, album: Path) -> None:
    (album / "pair.jpg.xmp").write_bytes(regions(region("x" * 300, _EILEEN)))
    ((_, outcome, reason),) = _told(_enrol(context, album))
    assert (outcome, "1 to 255 characters" in reason) == ("REFUSED", True)
    assert faces(context) == []


def test_a_folder_that_is_none_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*nowhere"):
        labelled_photos(tmp_path / "nowhere")
