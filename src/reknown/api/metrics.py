"""Metrics for Prometheus: how long requests take, how much waits, how much is stored."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from reknown.services.live.presence import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reknown.services.live.presence import MeasuredWatch
    from reknown.services.quotas import KeyQuota

# Where prometheus_client keeps them, if several processes share them.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_ANSWERED, _TOOK = "reknown_requests_total", "reknown_request_seconds"
_RUNNING, _WAITING = "reknown_pool_running", "reknown_pool_waiting"
_LABELS = ("operation", "pool")
_RUNS = "Whether a worker watches the camera."
_OF_WATCHES = {
    "lag_seconds": "How old the last frame was when its events were stored.",
    "frames": "Frames handed out since the worker took the watch.",
    "passed_over": "Frames that came while the one before was looked at.",
    "faces": "Faces in frames that were looked at.",
    "searches": "Searches.",
    "events": "Events stored.",
    "reconnects": "How often connecting to the camera again was tried.",
}
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class MeasuredOperation:
    """Requests for one operation since the start; `errors` of them were refused or failed."""

    operation: str
    requests: int
    errors: int
    mean_seconds: float


@dataclass(frozen=True, slots=True)
class MeasuredPool:
    """What one kind of work has to do now."""

    name: str
    running: int
    waiting: int


@dataclass(frozen=True, slots=True)
class MetricsSummary:
    """The main figures, for people."""

    operations: Sequence[MeasuredOperation]
    pools: Sequence[MeasuredPool]
    throttled: int


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "reknown_requests", "Requests answered.", ("operation", "code"), registry=self._registry
        )
        self._latency = Histogram(
            "reknown_request_seconds",
            "From the last byte of a request to its answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "reknown_stage_seconds",
            "Time within a request by stage.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.running = Gauge(
            "reknown_pool_running",
            "Requests in work.",
            ("pool",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.waiting = Gauge(
            "reknown_pool_waiting",
            "Requests in the queue.",
            ("pool",),
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self.throttled = Counter(
            "reknown_throttled",
            "Requests that were told to slow down.",
            ("reason",),
            registry=self._registry,
        )
        self._faces = Gauge(
            "reknown_faces",
            "Faces stored.",
            ("database",),
            registry=self._registry,
            multiprocess_mode="livemostrecent",
        )
        self._jobs = Gauge(
            "reknown_video_jobs",
            "Jobs on videos that are stored.",
            ("database", "state"),
            registry=self._registry,
            multiprocess_mode="livemostrecent",
        )
        self._drifted = Gauge(
            "reknown_drifted_collections",
            "Collections in whose last window strangers scored otherwise than before.",
            ("database",),
            registry=self._registry,
            multiprocess_mode="livemostrecent",
        )
        self._quotas = {
            what: Gauge(
                f"reknown_quota_{what}",
                f"What each key that has quotas {told}.",
                ("database", "key", "measure", "period"),
                registry=self._registry,
                multiprocess_mode="livemostrecent",
            )
            for what, told in (("used", "has used since the period began"), ("most", "may use"))
        }

        self._conditions = Gauge(
            "reknown_watch_state",
            "1 for how the watch and its camera are, 0 for all else.",
            ("database", "watch", "state"),
            registry=self._registry,
            multiprocess_mode="livemostrecent",
        )
        self._watches = {
            what: Gauge(
                f"reknown_watch_{what}",
                told,
                ("database", "watch"),
                registry=self._registry,
                multiprocess_mode="livemostrecent",
            )
            for what, told in ({"running": _RUNS} | _OF_WATCHES).items()
        }

        processes = Gauge(
            "reknown_processes",
            "Processes that serve, whose figures are added up.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        processes.set(1)

    def answered(self, operation: str, code: str, seconds: float) -> None:
        """Counts a request; `code` is empty when it succeeded."""
        self._requests.labels(operation, code or "OK").inc()
        self._latency.labels(operation).observe(seconds)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times a part of a request."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stages.labels(name).observe(time.perf_counter() - started)

    def observe(self, seconds: Mapping[str, float]) -> None:
        """Takes how long each stage of an extraction took."""
        for stage, taken in seconds.items():
            self._stages.labels(stage).observe(taken)

    def watched(self, database: str, watches: Iterable[MeasuredWatch]) -> None:
        """How far each watch of a camera is, as its worker said last."""
        for each in watches:
            labels = (database, each.name)
            self._watches["running"].labels(*labels).set(each.running)
            for condition in CONDITIONS:
                told = self._conditions.labels(*labels, condition)
                told.set(condition == each.condition)
            if each.counts is not None:
                for what in _OF_WATCHES:
                    self._watches[what].labels(*labels).set(getattr(each.counts, what))
            if not each.seeing:  # how old would be a lie; several processes cannot take it out
                self._watches["lag_seconds"].labels(*labels).set(nan)

    def text(
        self,
        faces: int | None,
        jobs: Mapping[str, int] | None = None,
        database: str = "",
        quotas: Iterable[KeyQuota] = (),
        drifted: int | None = None,
    ) -> bytes:
        """Everything in Prometheus's text format; what is None stays as it was last told.

        All servers tell the same of the same `database`.
        """
        if faces is not None:
            self._faces.labels(database).set(faces)
        for state, count in (jobs or {}).items():
            self._jobs.labels(database, state).set(count)
        if drifted is not None:
            self._drifted.labels(database).set(drifted)
        for each in quotas:
            quota = each.count.quota
            labels = (database, each.key_id, quota.measure, quota.period)
            self._quotas["used"].labels(*labels).set(each.count.used)
            self._quotas["most"].labels(*labels).set(quota.most)
        return generate_latest(self._together())

    def summary(self) -> MetricsSummary:
        """The main figures, the operation that was asked for most first."""
        found: defaultdict[tuple[str, str], float] = defaultdict(float)
        for metric in self._together().collect():
            for each in metric.samples:
                label = next((each.labels[n] for n in _LABELS if n in each.labels), "")
                found[each.name, label] += each.value
                if each.name == _ANSWERED and each.labels["code"] != "OK":
                    found["errors", label] += each.value
        operations = [
            MeasuredOperation(
                name,
                int(found[_ANSWERED, name]),
                int(found["errors", name]),
                found[f"{_TOOK}_sum", name] / max(found[f"{_TOOK}_count", name], 1),
            )
            for what, name in list(found)
            if what == _ANSWERED
        ]
        pools = [
            MeasuredPool(name, int(found[_RUNNING, name]), int(found[_WAITING, name]))
            for what, name in sorted(found)
            if what == _RUNNING
        ]
        throttled = sum(n for (what, _), n in found.items() if what == "reknown_throttled_total")
        operations.sort(key=lambda each: (-each.requests, each.operation))
        return MetricsSummary(operations, pools, int(throttled))

    def _together(self) -> CollectorRegistry:
        """The figures of all processes on this port, added up."""
        if _FOLDER not in os.environ:
            return self._registry
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together
