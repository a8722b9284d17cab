"""The archive and the people in the Python client, on real images and a real data folder."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

import portraits
from reknown import Reknown, errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Reknown]:
    with Reknown(tmp_path / "data") as made:
        yield made


@pytest.fixture
def photos(tmp_path: Path, eileen: bytes, grace: bytes) -> Path:
    """Grace three times, once beside Eileen, and what is no image."""
    folder = tmp_path / "photos"
    for name, data in {
        "IMG_20190314_153012.jpg": grace,
        "2020/again.jpg": grace + b"another",
        "2020/both.jpg": portraits.pair(),
        "2020/broken.jpg": b"\xff\xd8\xff",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_a_person_enrolled_afterwards_is_found(
    client: Reknown, photos: Path, eileen: bytes, grace: bytes
) -> None:
    told: list[tuple[int, int]] = []
    seen = client.archive.scan(photos, progress=lambda done, total: told.append((done, total)))
    assert (len(seen), seen.faces, len(seen.refused)) == (4, 4, 1)
    assert told == [(number, 4) for number in range(1, 5)]
    assert "broken.jpg" in str(seen)
    assert "broken.jpg" in seen._repr_html_()
    assert (client.archive.scan(photos).unchanged, len(list(seen))) == (4, 4)
    client.enroll([(eileen, "Eileen")])
    (file,) = client.archive.find("Eileen").files
    assert file == str(photos / "2020/both.jpg")
    found = client.archive.find_face(grace, similarity=90)
    assert set(found.files) == {str(path) for path in photos.rglob("*.jpg")} - {
        str(photos / "2020/broken.jpg")
    }
    assert found.searched == 4
    assert found.expected_false is not None
    assert found.matches[0][1].score >= found.matches[-1][1].score
    assert "3 of 4 faces in 3 files" in str(found)
    assert str(photos) in found._repr_html_()
    since = datetime(2019, 3, 14)
    until = datetime(2019, 3, 15)
    (match,) = client.archive.find_face(grace, since=since, until=until)
    assert match[0].medium.taken is not None


def test_unknown_people_are_grouped_and_named(client: Reknown, photos: Path) -> None:
    archive = client.archive
    archive.scan(photos)
    (group,) = archive.groups()
    seen = archive.group(group.number)
    assert (group.sightings, len(seen)) == (3, 3)
    assert all(sighting.files for sighting in seen)
    made = archive.split_group(group.number, [seen[2].sighting_id])
    assert len(archive.group(made)) == 1
    archive.merge_groups(made, group.number)
    archive.ignore_group(group.number)
    assert archive.groups() == ()
    archive.ignore_group(group.number, ignored=False)
    assert archive.name_group(group.number, "Grace") == 3
    broken, *_ = (file for file in archive.files() if file.medium.problem)
    assert archive.delete_files([broken.medium.sha256]).left == broken.files
    assert broken not in archive.files()
    assert len(archive.unname_group(group.number, drop_person=True)) == 3
    assert archive.name_group(group.number, "Grace") == 3
    assert archive.groups() == ()
    (named,) = archive.groups(everybody=True)
    assert named.user == "Grace"
    assert len(archive.find("Grace")) == 3
    with pytest.raises(errors.NotFoundError):
        archive.keep_apart(group.number, 99)


def test_names_are_mended(client: Reknown, eileen: bytes, grace: bytes) -> None:
    client.enroll([(eileen, "Eileen"), (grace, "Grace"), (grace + b"2", "Gracie")])
    client.people.rename("Grace", "Rear Admiral")
    (moved,) = client.people.merge("Gracie", "Rear Admiral")
    assert client.collections["people"].users == 2
    assert client.people.move_faces([moved, "absent"], "Gracie") == ("absent",)
    assert client.collections["people"].users == 3
    best = client.identify(grace).candidates[0]
    assert best.user in {"Rear Admiral", "Gracie"}
    assert client.people.move_faces([moved], None) == ()
    with pytest.raises(errors.AlreadyExistsError):
        client.people.rename("Eileen", "Rear Admiral")
    with pytest.raises(errors.NotFoundError):
        client.people.merge("Nobody", "Eileen")


def test_what_cannot_be_scanned_or_found(client: Reknown, tmp_path: Path) -> None:
    with pytest.raises(errors.InputError):
        client.archive.scan()
    with pytest.raises(errors.InputError):
        client.archive.scan(tmp_path / "absent")
    client.archive.scan(tmp_path)
    with pytest.raises(errors.NoFaceError):
        client.archive.find_face(portraits.nobody())
    with pytest.raises(errors.NotFoundError):
        client.archive.find("Nobody")
    with pytest.raises(errors.CollectionNotFoundError):
        client.archive.groups("nowhere")
