from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clusters import RealCluster, certificates, real_cluster
from reknown.runtime.cluster.executor import ClusterExecutor
from reknown.runtime.cluster.opening import open_link
from reknown.runtime.platform import open_platform
from reknown.settings import read_settings
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.runtime.cluster.link import Link
    from reknown.services.executor import Executor


@pytest.fixture(scope="package")
def store(cache_folder: Path) -> PackStore:
    return PackStore(cache_folder)


@pytest.fixture(scope="package")
def cluster(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """Of two processes; a picture that has ended two of them is given up."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch, certificates(folder):
        patch.setenv("REKNOWN_CACHE", str(cache_folder))
        patch.setenv("REKNOWN_CONFIG", "/dev/null")
        patch.setenv("REKNOWN_PACKS", str(folder / "packs"))
        with real_cluster(folder, processes=2, allowed_failures=1) as it:
            yield it


@pytest.fixture(scope="package")
def link(cluster: RealCluster, store: PackStore) -> Iterator[Link]:
    with open_link(cluster.address, store) as it:
        yield it


@pytest.fixture(scope="package")
def own(cache_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    """What would do the work without a cluster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REKNOWN_CACHE", str(cache_folder))
        patch.setenv("REKNOWN_CONFIG", "/dev/null")
        settings = read_settings(tmp_path_factory.mktemp("own") / "data")
    with open_platform(settings) as platform:
        yield platform.executor


@pytest.fixture(scope="package")
def executor(link: Link, own: Executor) -> ClusterExecutor:
    return ClusterExecutor(link, own)
