from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from reknown.vision.folders import (
    HIDDEN,
    LINKS,
    OTHERS,
    SPECIAL,
    gaps_below,
    images_at,
    is_hidden,
    is_image_name,
    told,
    walk,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / ".album"
    for name in (
        "b/2.JPG",
        "b/a/3.heic",
        "a/1.png",
        "0.txt",
        ".git/x.jpg",
        "@eaDir/x.jpg",
        "b/#recycle/x.jpg",
        "b/Thumbs.db",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / "a/link.jpg").symlink_to("1.png")
    (root / "a/broken.jpg").symlink_to("nowhere")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "a/pipe.jpg")
    return root


def _names(root: Path, paths: list[Path]) -> list[str]:
    return [str(path.relative_to(root)) for path in paths]


def test_files_come_in_order_and_the_rest_is_counted(tree: Path) -> None:
    left_out: Counter[str] = Counter()
    found = _names(tree, list(walk(tree, left_out)))
    assert found == ["0.txt", "a/1.png", "b/2.JPG", "b/a/3.heic"]
    assert left_out == {HIDDEN: 4, LINKS: 3, SPECIAL: 1}


def test_links_to_files_are_followed_where_that_is_wanted(tree: Path) -> None:
    found = _names(tree, list(walk(tree, links=True)))
    assert found == [
        "0.txt",
        "a/1.png",
        "a/broken.jpg",
        "a/link.jpg",
        "b/2.JPG",
        "b/a/3.heic",
    ]


def test_what_is_hidden_comes_where_that_is_wanted(tree: Path) -> None:
    shown, left_out = set(walk(tree)), Counter[str]()
    found = _names(tree, list(walk(tree, left_out, hidden=True)))
    assert set(found) - set(_names(tree, list(shown))) == {
        ".git/x.jpg",
        "@eaDir/x.jpg",
        "b/#recycle/x.jpg",
        "b/Thumbs.db",
    }
    assert left_out == {LINKS: 3, SPECIAL: 1}


def test_images_are_told_by_their_names_and_named_files_are_taken(tree: Path) -> None:
    left_out: Counter[str] = Counter()
    named = [tree / ".git/x.jpg", tree / "0.txt", tree / "absent"]
    assert list(images_at([*named, tree / "b"], left_out)) == [
        *named,
        tree / "b/2.JPG",
        tree / "b/a/3.heic",
    ]
    assert left_out == {HIDDEN: 2}
    list(images_at([tree], left_out))
    assert left_out[OTHERS] == 1


def test_a_folder_that_cannot_be_read_comes_as_a_file(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, scandir = tree / "b", os.scandir

    def refuse(place: Path) -> object:
        if place == closed:
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(walk(tree))[-1] == closed
    assert list(images_at([tree])) == [tree / "a/1.png", closed]


def test_what_was_left_out_is_told() -> None:
    assert told({}) == told({LINKS: 0}) == ""
    assert told({OTHERS: 1200, LINKS: 1}) == f"; left out: 1,200 {OTHERS}, 1 {LINKS}"


@pytest.mark.parametrize("name", [".x", "@eaDir", "Thumbs.DB", "$RECYCLE.BIN", "lost+found"])
def test_names_of_systems_are_hidden(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["eaDir", "x.", "Recycled", "@ home"])
def test_names_of_people_are_not(name: str) -> None:
    assert not is_hidden(name)


def test_endings_count_in_any_case() -> None:
    assert all(map(is_image_name, ("a.JPG", "b.Heic", "c.d.tiff")))
    assert not any(map(is_image_name, ("jpg", "a.jpg.txt", ".jpg", "a.mp4")))


def test_links_and_empty_folders_are_found(tree: Path) -> None:
    (tree / ".git/link").symlink_to("x.jpg")
    (tree / ".link").symlink_to("a")
    found = {str(path.relative_to(tree)) for path in gaps_below(tree)}
    assert found == {"a/link.jpg", "a/broken.jpg", "loop"}
    (tree / "b/empty").mkdir()
    assert list(gaps_below(tree / "b")) == [tree / "b/empty"]
    assert list(gaps_below(tree / "b/empty")) == []
    assert list(gaps_below(tree / "nowhere")) == []
