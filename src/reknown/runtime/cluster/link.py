"""A connection over which tasks go to workers and answers come back; safe for many threads."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ClusterError, InvalidImageError
from reknown.runtime.cluster.messages import ClusterTask, Unlike, decode_answer, encode
from reknown.runtime.cluster.packets import Packets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Client, Future

    from reknown.runtime.cluster.makings import Makings
    from reknown.runtime.cluster.messages import Answer, Extract, TakeSample

_LOOK_SECONDS = 1.0
# About what a scheduler of machines takes to put a new one in place of a lost one.
_PATIENCE_SECONDS = 60.0
# Nothing is seen of the wait for the first worker.
_FIRST_SECONDS = 15.0
_RETRIES = 2
_KEPT, _AGAIN = "what was told of is kept", "run the same again to go on"


class Link:
    """Has workers answer tasks, and does not wait for what will never come.

    `address` is the cluster's, for people; `makings` says what holds here for images that a pack
    is to look at. To be closed.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        makings: Callable[[str], Makings],
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Raises `ClusterError` where there is no worker that could be set up."""
        self._client = client
        self._address = address
        self._makings = makings
        self._patience = patience
        self._lock = Lock()
        self._open: dict[Future[list[bytes]], Event] = {}
        self._packets = Packets(self._send, lambda: max(self._threads, 1))
        self._alone = Lock()
        self._closed = Event()
        self._trouble = ""
        self._idle_since = monotonic()
        self._threads = 0
        self._prepare()
        self._watcher = Thread(target=self._watch, daemon=True, name="cluster")
        self._watcher.start()

    @property
    def capacity(self) -> int:
        """How many images to have in work: two packets for each thread that the cluster has now."""
        return self._packets.capacity

    def ask(self, asked: Extract | TakeSample, pack: str) -> Answer:
        """The answer of a worker to what is asked of an image.

        Raises `InvalidImageError` where processes ended whenever they had it in work,
        `ClusterError` where there is no answer to be had.
        """
        task = encode(ClusterTask(self._makings(pack), asked))
        data = self._packets.answer(task)
        if data is None:
            # Others may have been in work there that are to blame: once more, beside no suspect.
            with self._alone:
                alone = self._send([task])
            data = alone[0] if alone else None
        if data is None:
            raise InvalidImageError(
                "the processes of the cluster that had it in work ended each time: perhaps it "
                "takes more memory than they have"
            )
        try:
            answer = decode_answer(data)
        except (ValueError, TypeError) as error:
            raise ClusterError(f"a worker does not speak as this one: {error}") from error
        if isinstance(answer, Unlike):
            raise ClusterError(answer.reason)
        return answer

    def abandon(self) -> None:
        """Has all that is open given up, here and on the cluster."""
        self._packets.abandon()
        with self._lock:
            open_now = dict(self._open)
        if open_now and not self._trouble:
            with suppress(Exception):  # a lost connection, on which nothing is open
                self._client.cancel(list(open_now), force=True)
        for done in open_now.values():
            done.set()

    def close(self) -> None:
        """Waits for nothing any more."""
        self._closed.set()
        self.abandon()
        self._watcher.join()

    def _prepare(self) -> None:
        """Waits for a worker, and sets up all there are and will be."""
        from reknown.runtime.cluster.worker import Models  # noqa: PLC0415

        address = self._address
        try:
            self._client.wait_for_workers(1, timeout=min(self._patience, _FIRST_SECONDS))
        except TimeoutError as error:
            raise ClusterError(f"no worker came to {address}: {self._remedy()}") from error
        try:
            self._client.register_plugin(Models(started_here=self._client.cluster is not None))
        except Exception as error:  # whatever a machine elsewhere lacks
            raise ClusterError(
                f"a worker of {address} cannot be set up: {type(error).__name__}: {error}; "
                "scheduler and workers need the same reknown[cluster] as is installed here"
            ) from error
        self._look()

    def _remedy(self) -> str:
        if self._client.cluster is not None:
            return "see what ends processes on this machine (out of memory?)"
        return f"start some with `dask worker {self._address}`"

    def _send(self, tasks: Sequence[bytes]) -> Sequence[bytes] | None:
        """Their answers; None where the processes ended that had them in work."""
        from distributed import KilledWorker  # noqa: PLC0415

        with self._submitted(tasks) as (future, done):
            while not done.wait(_LOOK_SECONDS):
                self._require()
            self._require()
            if not future.done():  # abandoned, on a connection that could not be told
                raise ClusterError("given up")
            try:
                answers = future.result()
            except KilledWorker:
                return None
            except RuntimeError as error:
                raise ClusterError(f"a worker failed {_RETRIES + 1} times: {error}") from error
            except Exception as error:  # of the connection: given up, or lost
                self._require()
                raise ClusterError(f"no answer came: {error}") from error
        if not isinstance(answers, list) or len(answers) != len(tasks):
            raise ClusterError("a worker gave no answer to what was asked")
        return answers

    @contextmanager
    def _submitted(self, tasks: Sequence[bytes]) -> Iterator[tuple[Future[list[bytes]], Event]]:
        from reknown.runtime.cluster.worker import work  # noqa: PLC0415

        self._require()
        done = Event()
        try:
            future = self._client.submit(work, *tasks, pure=False, retries=_RETRIES)
        except Exception as error:  # closed under us
            self._require()
            raise ClusterError(f"the cluster takes no work: {error}") from error
        with self._lock:
            self._open[future] = done
        try:
            future.add_done_callback(lambda _: done.set())
            yield future, done
        finally:
            with self._lock:
                del self._open[future]

    def _require(self) -> None:
        """Raises `ClusterError` where nothing is to be hoped for."""
        if self._closed.is_set():
            raise ClusterError("given up")
        if not self._trouble and self._client.status != "running":
            self._trouble = (
                f"the scheduler at {self._address} is gone: {_KEPT}; start it and its workers "
                f"again, and {_AGAIN}"
            )
        if self._trouble:
            raise ClusterError(self._trouble)

    def _watch(self) -> None:
        """Sees workers come and go, and the scheduler."""
        while not self._closed.wait(_LOOK_SECONDS):
            self._look()
            if self._trouble:
                self.abandon()
                return

    def _look(self) -> None:
        """Counts threads, and notes where nothing is to be hoped for."""
        with suppress(Exception):  # however a lost connection shows, the status tells
            info = self._client.scheduler_info(n_workers=0)
            self._threads = int(info["total_threads"])
        now = monotonic()
        if self._threads:
            self._idle_since = now
        elif now - self._idle_since > self._patience:
            self._trouble = (
                f"{self._address} has had no worker for {self._patience:.0f} seconds: {_KEPT}; "
                f"{self._remedy()}, and {_AGAIN}"
            )
        with suppress(ClusterError):
            self._require()
