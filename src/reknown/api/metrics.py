"""Metrics for Prometheus: how long requests take, how much waits, how much is stored."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reknown.services.quotas import KeyQuota

# Where prometheus_client keeps them, if several processes share them.
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


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
        if _FOLDER not in os.environ:
            return generate_latest(self._registry)
        # of all processes on this port, added up
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
