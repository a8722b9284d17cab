from __future__ import annotations

import dataclasses
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
import pytest
from distributed import LocalCluster

from clusters import certificates, real_cluster
from processes import wait_for
from reknown.biometrics.errors import ClusterError
from reknown.runtime.cluster.link import Link
from reknown.runtime.cluster.makings import makings_of
from reknown.runtime.cluster.messages import Extract, Extracted
from reknown.runtime.cluster.opening import open_link
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from pathlib import Path

    from clusters import RealCluster
    from reknown.vision.analyze import Engine
    from reknown.vision.packs.store import PackStore


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("version", "another version of Reknown (0.1.0, not 9.9.9 as in the command)"),
        ("template", "another embedder in the pack opencv"),
        ("detector", "another detector in the pack opencv"),
        ("attributes", "another pack attributes, which measures poses"),
        ("classifiers", "another pack classifiers (none, not 9.9.9 as in the command)"),
    ],
)
def test_a_worker_of_another_kind_does_no_work(
    changed: str, told: str, link: Link, store: PackStore, engine: Engine, eileen: bytes
) -> None:
    others = msgspec.structs.replace(makings_of(store, "opencv"), **{changed: "9.9.9"})
    with (
        closing(Link(link._client, "the cluster", lambda _: others)) as other,
        pytest.raises(ClusterError) as caught,
    ):
        other.ask(Extract(eileen, ExtractionPolicy(engine.space), 0), "opencv")
    assert "the worker tls://127.0.0.1:" in str(caught.value)
    assert told in str(caught.value)


def test_a_space_that_no_worker_makes_is_refused(link: Link, engine: Engine, eileen: bytes) -> None:
    space = dataclasses.replace(engine.space, fingerprint="f" * 64)
    with pytest.raises(ClusterError, match="cannot use the pack opencv"):
        link.ask(Extract(eileen, ExtractionPolicy(space), 0), "opencv")


def test_what_is_open_is_given_up_and_more_may_be_asked(
    link: Link, engine: Engine, eileen: bytes
) -> None:
    asked = Extract(eileen, ExtractionPolicy(engine.space), 0)
    with ThreadPoolExecutor(40) as pool:
        answers = [pool.submit(link.ask, asked, "opencv") for _ in range(40)]
        answers[0].result()
        link.abandon()
        errors = [answer.exception() for answer in answers]
    given_up = [error for error in errors if error is not None]
    assert given_up
    assert all(isinstance(error, ClusterError) for error in given_up)
    assert isinstance(link.ask(asked, "opencv"), Extracted)


def test_a_cluster_without_workers_is_not_waited_for_forever(store: PackStore) -> None:
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", processes=False) as empty,
        empty.get_client() as client,
        pytest.raises(ClusterError, match="no worker came to the place: see what ends"),
    ):
        Link(client, "the place", lambda pack: makings_of(store, pack), patience=0.1)


def test_a_scheduler_that_is_gone_is_told_of(
    cluster: RealCluster, store: PackStore, engine: Engine, eileen: bytes, tmp_path: Path
) -> None:
    with (
        certificates(tmp_path),
        real_cluster(tmp_path, processes=1) as doomed,
        open_link(doomed.address, store) as link,
    ):
        asked = Extract(eileen, ExtractionPolicy(engine.space), 0)
        assert isinstance(link.ask(asked, "opencv"), Extracted)
        doomed.scheduler.send_signal(signal.SIGKILL)
        doomed.scheduler.wait()
        wait_for(lambda: _refusal(link, asked))
        assert "is gone: what was told of is kept" in _refusal(link, asked)


def _refusal(link: Link, asked: Extract) -> str:
    try:
        link.ask(asked, "opencv")
    except ClusterError as error:
        return str(error)
    return ""
