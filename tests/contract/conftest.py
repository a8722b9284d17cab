from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

import callers
import portraits
import uploading
import videos
from reknown.access.rights import BY_NAME
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """One server for all contract tests; each makes collections of its own."""
    options = ("--celebrities", callers.CELEBRITIES)
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory, eileen: bytes, pair: bytes) -> Path:
    """A folder of buckets; `media` holds eileen.jpg, pair.jpg and eileen.mp4, of 0.4 s."""
    root = tmp_path_factory.mktemp("buckets")
    bucket = root / "media"
    bucket.mkdir()
    frames = videos.scene(videos.steady(0, 400), [(videos.eileen(), videos.still((0.5, 0.5)))])
    videos.render(bucket / "eileen.mp4", frames)
    (bucket / "eileen.jpg").write_bytes(eileen)
    (bucket / "pair.jpg").write_bytes(pair)
    return root


@pytest.fixture(scope="session")
def media_server(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, media: Path
) -> Iterator[Server]:
    """One that reads from these buckets."""
    data = tmp_path_factory.mktemp("media-server")
    options = ("--buckets", media, "--celebrities", callers.CELEBRITIES)
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where uploads come to lie."""
    return tmp_path_factory.mktemp("uploads") / "here"


@pytest.fixture(scope="module")
def upload_server(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, uploads: Path
) -> Iterator[Server]:
    """One that takes uploads for `people` and `others`, and works on none."""
    options = ("--uploads", uploads, "--upload-limit", uploading.LIMIT_MIB, "--video-workers", "0")
    data = tmp_path_factory.mktemp("server")
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        server.reknown("collections", "create", "people")
        server.reknown("collections", "create", "others")
        yield server


@pytest.fixture(scope="session")
def film() -> bytes:
    """Grace for 0.4 s."""
    frames = videos.scene(videos.steady(0, 400), [(videos.grace(), videos.still((0.5, 0.5)))])
    return videos.rendered(frames)


@pytest.fixture
def name() -> str:
    """The name of a collection that nobody else uses."""
    return f"test-{uuid4()}"


@pytest.fixture(scope="session")
def client(server: Server) -> Any:
    """A client with all rights that never tries again."""
    rights = ("*", *BY_NAME)
    options = [word for right in rights for word in ("--operation", right)]
    key = callers.key(server, "--name", "contract tests", *options)
    return callers.distinct(server.client(key, **callers.NO_RETRIES))


@pytest.fixture
def collection(client: Any, name: str) -> str:
    """A collection without faces."""
    client.create_collection(CollectionId=name)
    return name


@pytest.fixture(scope="session")
def grace_hopper(server: Server, client: Any) -> callers.Celebrity:
    """The one celebrity, of whom something is told; Eileen's face is there without a name."""
    return callers.celebrity(server, client)


@pytest.fixture(scope="session")
def media_celebrity(media_server: Server) -> callers.Celebrity:
    """The same of the server that reads from buckets."""
    return callers.celebrity(media_server, callers.distinct(media_server.client()))


@pytest.fixture(scope="session")
def pair() -> bytes:
    """Eileen and, smaller, Grace."""
    return portraits.pair()


@pytest.fixture(scope="session")
def nobody() -> bytes:
    """An image without faces."""
    return portraits.nobody()


@pytest.fixture(scope="session")
def spoilt() -> dict[str, bytes]:
    """Images by the reason for which they are not indexed."""
    return portraits.spoilt()


@pytest.fixture(scope="session")
def in_base64(eileen: bytes) -> str:
    """Eileen's image as it stands in JSON."""
    return base64.b64encode(eileen).decode()
