from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import (
    InputError,
    ObjectNotFoundError,
    ObjectRefusedError,
    ObjectStoreError,
    ObjectTooLargeError,
)
from reknown.objects.base import MOST_NAMES, ObjectFolder
from reknown.objects.folder import FolderObjects
from unit.objects.servers import open_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"outside of the root"
IMAGE = b"an image"
LIMIT = 100


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A bucket with images, and every way out of it that a file system offers."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    (tmp_path / "secret").write_bytes(SECRET)
    root = tmp_path / "root"
    bucket = root / "bucket"
    (bucket / "deep" / "er").mkdir(parents=True)
    for name in ("plain", "é ü+%2f", "deep/er/plain", "...", "a..b", "k" * 255):
        (bucket / name).write_bytes(IMAGE)
    (root / "secret").write_bytes(SECRET)
    (root / "linked-bucket").symlink_to(outside)
    (bucket / "link").symlink_to(outside / "secret")
    (bucket / "folder-link").symlink_to(outside)
    (bucket / "deep" / "up").symlink_to("../../..")
    (bucket / "inner-link").symlink_to("plain")
    (bucket / "loop").symlink_to("loop")
    (bucket / "dangling").symlink_to("nowhere")
    (bucket / "back\\slash").write_bytes(SECRET)
    return root


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    before = open_descriptors()
    yield
    assert open_descriptors() == before


def read(root: Path, key: str, bucket: str = "bucket", limit: int = LIMIT) -> bytes:
    return FolderObjects(root).read(bucket, key, None, limit)


def refusing(root: Path, key: str, bucket: str = "bucket") -> ObjectNotFoundError:
    """The error that every way of asking raises."""
    objects = FolderObjects(root)
    for ask in (
        lambda: objects.size(bucket, key, None),
        lambda: objects.open(bucket, key, None, LIMIT),
        lambda: objects.read(bucket, key, None, LIMIT),
    ):
        with pytest.raises(ObjectNotFoundError) as caught:
            ask()
    return caught.value


@pytest.mark.parametrize("key", ["plain", "é ü+%2f", "deep/er/plain", "...", "a..b", "k" * 255])
def test_files_are_read(root: Path, key: str) -> None:
    assert read(root, key) == IMAGE


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "to-root").symlink_to(root)
    assert read(tmp_path / "to-root", "plain") == IMAGE


@pytest.mark.parametrize(
    "key",
    [
        "link",
        "folder-link/secret",
        "deep/up/secret",
        "inner-link",
        "loop",
        "dangling",
        "../secret",
        "../../secret",
        "deep/../plain",
        "./plain",
        "/plain",
        "deep//er/plain",
        "plain/",
        "plain/x",
        "deep",
        "deep/er/",
        "nothing",
        "no/thing",
        "back\\slash",
        "..\\secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "\uff0e\uff0e/secret",
        "plain\0",
        "n" * 256,
        "a/" * 511 + "b",
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/environ",
        "plain ",
        "PLAIN",
    ],
)
def test_what_is_not_there_or_leads_out_is_not_found(root: Path, key: str) -> None:
    assert str(refusing(root, key)) == str(ObjectNotFoundError())


@pytest.mark.parametrize("bucket", ["linked-bucket", "secret", "...", "..", ".", "", "nothing"])
def test_odd_buckets_are_not_found(root: Path, bucket: str) -> None:
    refusing(root, "secret", bucket)


def test_a_folder_has_no_versions(root: Path) -> None:
    for version in ("null", "", "1"):
        with pytest.raises(ObjectNotFoundError):
            FolderObjects(root).read("bucket", "plain", version, LIMIT)


def test_pipes_sockets_and_devices_are_not_found(root: Path) -> None:
    os.mkfifo(root / "bucket" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        folder = os.open(root / "bucket", os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        for key in ("pipe", "socket"):
            refusing(root, key)


@pytest.mark.parametrize("key", ["plain", "deep/er/plain", "é ü+%2f"])
def test_a_file_is_measured_and_opened_where_it_lies(root: Path, key: str) -> None:
    objects = FolderObjects(root)
    assert objects.size("bucket", key, None) == len(IMAGE)
    with objects.open("bucket", key, None, len(IMAGE)) as file:
        true = (root / "bucket" / key).stat()
        assert os.fstat(file.fileno()).st_ino == true.st_ino
        assert file.seek(2) == 2
        assert file.read() == IMAGE[2:]
        assert not file.writable()
    with pytest.raises(ObjectTooLargeError, match="more than 7 bytes"):
        objects.open("bucket", key, None, len(IMAGE) - 1)


def test_a_large_file_is_measured_and_opened_without_being_read(root: Path) -> None:
    size = 10 * 2**30
    with (root / "bucket" / "film").open("wb") as file:
        file.truncate(size)
    objects = FolderObjects(root)
    assert objects.size("bucket", "film", None) == size
    with objects.open("bucket", "film", None, size) as opened:
        assert opened.seek(-1, os.SEEK_END) == size - 1
        assert opened.read() == b"\0"


def test_the_limit_is_exact(root: Path) -> None:
    assert read(root, "plain", limit=len(IMAGE)) == IMAGE
    with pytest.raises(ObjectTooLargeError, match="more than 7 bytes"):
        read(root, "plain", limit=len(IMAGE) - 1)


def test_a_file_that_grows_is_not_read_past_the_limit(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_fstat = os.fstat

    def small(descriptor: int) -> os.stat_result:
        status = list(true_fstat(descriptor))
        status[6] = 1
        return os.stat_result(status)

    monkeypatch.setattr("os.fstat", small)
    with pytest.raises(ObjectTooLargeError):
        read(root, "plain", limit=3)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.EACCES, ObjectNotFoundError),
        (errno.EPERM, ObjectNotFoundError),
        (errno.EMFILE, ObjectStoreError),
        (errno.EIO, ObjectStoreError),
        (errno.ESTALE, ObjectStoreError),
    ],
)
@pytest.mark.parametrize("at", ["bucket", "deep", "er", "plain"])
def test_what_the_system_refuses(
    root: Path, monkeypatch: pytest.MonkeyPatch, at: str, number: int, error: type[Exception]
) -> None:
    true_open = os.open

    def refusing(path: Any, flags: int, *, dir_fd: int | None = None) -> int:
        if path == at.encode():
            raise OSError(number, "refused", str(root))
        return true_open(path, flags, dir_fd=dir_fd)

    with monkeypatch.context() as patched:
        patched.setattr("os.open", refusing)
        with pytest.raises(error) as caught:
            read(root, "deep/er/plain")
    assert str(root) not in str(caught.value)


def test_an_unreadable_file_is_not_found(root: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (root / "bucket" / "plain").chmod(0)
    (root / "bucket" / "deep").chmod(0)
    for key in ("plain", "deep/er/plain"):
        with pytest.raises(ObjectNotFoundError):
            read(root, key)
    (root / "bucket" / "deep").chmod(0o700)


def test_the_root_must_be_a_folder(root: Path) -> None:
    for wrong in (root / "nothing", root / "secret"):
        with pytest.raises(InputError, match="is not a folder"):
            FolderObjects(wrong)


def test_a_root_that_went_away_is_the_operators_problem(root: Path) -> None:
    objects = FolderObjects(root)
    root.rename(root.with_name("moved"))
    with pytest.raises(ObjectStoreError) as caught:
        objects.read("bucket", "plain", None, LIMIT)
    assert str(root) not in str(caught.value)


PARTS = [
    "..",
    ".",
    "",
    "/",
    "\\",
    "\0",
    "secret",
    "link",
    "folder-link",
    "deep",
    "up",
    "er",
    "plain",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    bucket=st.sampled_from(["bucket", "linked-bucket", "...", "bucket/..", ".."]) | st.text(),
    key=st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=8).map("/".join)
    | st.text(),
)
def test_no_name_leads_outside(root: Path, bucket: str, key: str) -> None:
    before = open_descriptors()
    with suppress(ObjectNotFoundError):
        assert read(root, key, bucket) == IMAGE
    assert open_descriptors() == before


def test_a_folder_swapped_for_a_link_meanwhile_is_not_followed(root: Path) -> None:
    bucket = root / "bucket"
    (bucket / "swap").mkdir()
    (bucket / "swap" / "secret").write_bytes(IMAGE)
    (bucket / "other").symlink_to(root.parent / "outside")
    done = Event()

    def swap() -> None:
        while not done.is_set():
            for one, two in (("swap", "spare"), ("other", "swap"), ("swap", "other")):
                (bucket / one).rename(bucket / two)
            (bucket / "spare").rename(bucket / "swap")

    thread = Thread(target=swap)
    thread.start()
    seen = {IMAGE: 0, b"": 0}
    tries = 0
    try:
        while tries < 1000 or (not all(seen.values()) and tries < 1_000_000):
            tries += 1
            try:
                seen[read(root, "swap/secret")] += 1
            except ObjectNotFoundError:
                seen[b""] += 1
    finally:
        done.set()
        thread.join()
    assert seen[IMAGE]
    assert seen[b""]


def test_a_folder_is_listed_without_links_and_without_what_nobody_could_ask_for(
    root: Path,
) -> None:
    bucket = os.fsencode(root / "bucket")
    for odd in (b"not utf-8 \xff.mp4", b"two\nlines.mp4"):
        with open(bucket + b"/" + odd, "wb"):
            pass
    os.mkfifo(root / "bucket" / "pipe")
    found = FolderObjects(root).list_folder(ObjectFolder("bucket"))
    assert found.folders == ("deep/",)
    assert found.keys == ("...", "a..b", "k" * 255, "plain", "é ü+%2f")
    assert found.next is None
    for key in found.keys:
        assert read(root, key) == IMAGE


def test_folders_within_are_listed_by_the_beginnings_of_names(root: Path) -> None:
    objects = FolderObjects(root)
    assert objects.list_folder(ObjectFolder("bucket", "deep/")).folders == ("deep/er/",)
    assert objects.list_folder(ObjectFolder("bucket", "deep/er/")).keys == ("deep/er/plain",)
    assert objects.list_folder(ObjectFolder("bucket", beginning="pl")).keys == ("plain",)
    assert objects.list_folder(ObjectFolder("bucket", beginning="pl", after="plain")).keys == ()


@pytest.mark.parametrize(
    "folder",
    [
        *("../", "deep/../", "./", "/", "//", "deep//", "deep/up/", "folder-link/", "loop/"),
        *("deep", "plain/", "nothing/", "deep\\", "deep\\..\\", "\0/", "\ud800/", "a/" * 512),
        *("/etc/", "\uff0e\uff0e/"),
    ],
)
def test_no_folder_leads_out(root: Path, folder: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        FolderObjects(root).list_folder(ObjectFolder("bucket", folder))


@pytest.mark.parametrize("beginning", ["../", "/", "a/b", "\0", "n" * 1024])
def test_no_beginning_leads_out(root: Path, beginning: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        FolderObjects(root).list_folder(ObjectFolder("bucket", "deep/", beginning))


@pytest.mark.parametrize("bucket", ["linked-bucket", "secret", "...", "..", ".", "", "nothing"])
def test_odd_buckets_are_not_listed(root: Path, bucket: str) -> None:
    objects = FolderObjects(root)
    assert objects.buckets() == ["bucket"]
    with pytest.raises(ObjectNotFoundError):
        objects.list_folder(ObjectFolder(bucket))


def test_many_names_come_page_by_page_each_once(root: Path) -> None:
    many = root / "bucket" / "many"
    many.mkdir()
    names = [f"many/{number:05}" for number in range(2 * MOST_NAMES + 1)]
    for name in names:
        (root / "bucket" / name).touch()
    objects, after = FolderObjects(root), None
    found: list[str] = []
    for expected in (MOST_NAMES, MOST_NAMES, 1):
        page = objects.list_folder(ObjectFolder("bucket", "many/", after=after))
        assert len(page.keys) == expected
        found += page.keys
        after = page.next
    assert (found, after) == (names, None)


def test_a_folder_of_too_many_names_is_not_looked_through(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reknown.objects.folder._MOST_ENTRIES", 3)
    with pytest.raises(ObjectStoreError, match="more than 3 names"):
        FolderObjects(root).list_folder(ObjectFolder("bucket"))


def test_what_is_written_is_read_and_is_its_owners_alone(root: Path) -> None:
    objects = FolderObjects(root)
    for data in (b"first", b"second"):
        objects.write("bucket", "new/er/1.json", data)
        assert objects.read("bucket", "new/er/1.json", None, LIMIT) == data
    folder = root / "bucket" / "new"
    assert [path.name for path in folder.rglob("*")] == ["er", "1.json"]
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "er" / "1.json")] == [
        0o700,
        0o600,
    ]


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("nothing", "k"),
        ("linked-bucket", "k"),
        ("..", "k"),
        ("bucket", "folder-link/k"),
        ("bucket", "deep/up/k"),
        ("bucket", "plain/k"),
        ("bucket", "../secret"),
        ("bucket", "a//b"),
        ("bucket", "a\\b"),
        ("bucket", "k" * 256),
    ],
)
def test_nothing_is_written_elsewhere(root: Path, bucket: str, key: str) -> None:
    before = sorted(root.parent.rglob("*"))
    with pytest.raises(ObjectNotFoundError):
        FolderObjects(root).write(bucket, key, b"new")
    assert sorted(root.parent.rglob("*")) == before
    assert (root.parent / "outside" / "secret").read_bytes() == SECRET


def test_a_link_is_replaced_and_not_written_through(root: Path) -> None:
    FolderObjects(root).write("bucket", "link", b"new")
    assert (root / "bucket" / "link").read_bytes() == b"new"
    assert (root.parent / "outside" / "secret").read_bytes() == SECRET


def test_a_full_disk_leaves_what_was_there_and_nothing_new(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ObjectStoreError, match="written to: no space left"):
        FolderObjects(root).write("bucket", "plain", b"new")
    assert read(root, "plain") == IMAGE
    assert list((root / "bucket").glob(".*.part")) == []


def test_what_a_crash_leaves_the_next_try_takes_away(root: Path) -> None:
    longest = "k" * 255
    for _ in range(2):
        _write_and_die(root, longest)
    (left,) = (root / "bucket").glob(".*.part")
    assert left.read_bytes() == b"torn"
    left.unlink()
    left.hardlink_to(root.parent / "outside" / "secret")
    FolderObjects(root).write("bucket", longest, b"whole")
    assert read(root, longest) == b"whole"
    assert (root.parent / "outside" / "secret").read_bytes() == SECRET
    assert list((root / "bucket").glob(".*.part")) == []


def _write_and_die(root: Path, key: str) -> None:
    child = os.fork()
    if child == 0:
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "rename", lambda *_, **__: os._exit(9))
                FolderObjects(root).write("bucket", key, b"torn")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_a_folder_has_no_keys(root: Path) -> None:
    with pytest.raises(ObjectRefusedError, match="leave the KMS key out"):
        FolderObjects(root).write("bucket", "k", b"new", "alias/seen")
