"""A server as the manifests have it: nothing to write to but its volumes, and no rights."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from deployments import container, environment, pods
from reknown.cli.demo_images import EILEEN, jpeg
from servers import REKNOWN, serving

if TYPE_CHECKING:
    from pathlib import Path

# In mounts of its own, in which all is read-only but two volumes that belong to a group, too.
_CONFINE = """
for volume in "$1" "$2"; do mount -t tmpfs -o mode=2777 none "$volume" || exit 9; done
mount -o remount,ro,bind "$(stat --format %m "$3")" || exit 9
touch "$3/written" 2>/dev/null && exit 9
shift 3
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""
_UNSHARED = ("unshare", "--mount", "bash", "-c", _CONFINE, "confine")


def _possible() -> bool:
    if os.getuid() or not all(map(shutil.which, ("unshare", "setpriv"))):
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0


pytestmark = pytest.mark.skipif(not _possible(), reason="mounts cannot be made here")


def test_a_server_writes_to_its_volumes_alone(tmp_path: Path, cache_folder: Path) -> None:
    (server,) = (each for each in pods() if each.body["metadata"]["name"] == "reknown-server")
    assert {"/data", "/tmp"} < {each["mountPath"] for each in container(server)["volumeMounts"]}
    volumes = tmp_path / "data", tmp_path / "tmp"
    for volume in volumes:
        volume.mkdir()
    variables: dict[str, Any] = {**environment(server)}
    for elsewhere in ("DATABASE", "DATABASE_PASSWORD", "MASTER_KEY_FILE"):
        del variables[f"REKNOWN_{elsewhere}"]  # SQLite, which writes most
    data = volumes[0] / variables["REKNOWN_DATA"].removeprefix("/data/")
    places = {"REKNOWN_CACHE": str(cache_folder), "TMPDIR": str(volumes[1])}
    program = (*_UNSHARED, *map(str, volumes), str(tmp_path), str(REKNOWN))
    options = ("--processes", 2, "--host", "127.0.0.1")
    with serving(data, *options, program=program, **(variables | places)) as running:
        status = _status(running.process.pid)
        assert status["CapEff"] == status["CapBnd"] == "0" * 16
        assert status["NoNewPrivs"] == "1"
        client = running.client()
        client.create_collection(CollectionId="people")
        image = {"Bytes": jpeg(EILEEN.crop())}
        client.index_faces(CollectionId="people", Image=image)
        (match,) = client.search_faces_by_image(CollectionId="people", Image=image)["FaceMatches"]
        assert match["Similarity"] > 99
    assert [list(volume.iterdir()) for volume in volumes] == [[], []]  # all of it was in mounts


def _status(process: int) -> dict[str, str]:
    with open(f"/proc/{process}/status", encoding="utf-8") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
