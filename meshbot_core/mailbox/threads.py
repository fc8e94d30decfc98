"""A thread that works off what async callers give it, as much at once as waits.

The mailbox has two: its writer, whose batch is one transaction, and its reader.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from meshbot_core.errors import MailboxError, MailboxUnavailableError, MeshError

W = TypeVar("W")
W_contra = TypeVar("W_contra", contravariant=True)

_MAX_BATCH: Final = 512
_MAX_BATCH_BYTES: Final = 8 * 1024 * 1024


class Performer(Protocol[W_contra]):
    """What runs in the thread; every method is called there and nowhere else."""

    def open(self) -> None:
        """Get ready; a ``MeshError`` ends the thread and is the caller's."""

    def perform(self, batch: Sequence[W_contra]) -> Sequence[object]:
        """Do all of a batch; an outcome each, a ``MeshError`` for what failed."""

    def idle_after_s(self) -> float | None:
        """After how much quiet ``idle`` is wanted; None when there is nothing to do."""

    def idle(self) -> None:
        """Use the quiet."""

    def close(self) -> None:
        """Let go of everything."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[W]):
    work: W
    weight: int
    future: "asyncio.Future[object]"


class Worker(Generic[W]):
    """Owns one thread; made, used and closed in one event loop."""

    def __init__(self, name: str, performer: Performer[W]) -> None:
        self._performer = performer
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Job[W] | None] = queue.SimpleQueue()
        self._is_closed = False
        self._opened: asyncio.Future[object] = self._loop.create_future()
        self._ended: asyncio.Future[object] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    async def start(self) -> None:
        """Start the thread; return once its performer is open.

        Raises:
            MeshError: It cannot be opened; the thread has ended.
        """
        self._thread.start()
        await asyncio.shield(self._opened)

    def submit(self, work: W, *, weight: int = 0) -> "asyncio.Future[object]":
        """Queue work; it is done even when the caller stops waiting.

        Raises:
            MailboxUnavailableError: The mailbox is closed.
        """
        if self._is_closed:
            raise MailboxUnavailableError("the mailbox is closed")
        future: asyncio.Future[object] = self._loop.create_future()
        self._queue.put(_Job(work, weight, future))
        return future

    async def close(self) -> None:
        """Finish what is queued, then end the thread."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()

    def _run(self) -> None:
        try:
            if self._is_opened():
                self._work_off()
                self._performer.close()
        finally:
            self._call([(self._ended, None)])

    def _is_opened(self) -> bool:
        failure: MeshError | None = None
        try:
            self._performer.open()
        except MeshError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 -- the opener must learn it
            failure = MailboxError(f"the mailbox cannot be opened: {error!r}")
        self._call([(self._opened, failure)])
        return failure is None

    def _work_off(self) -> None:
        is_last = False
        while not is_last:
            batch, is_last = self._gather()
            if batch:
                self._settle(batch, self._outcomes(batch))

    def _gather(self) -> tuple[list[_Job[W]], bool]:
        """All that waits, at least one; and whether it is the last."""
        batch: list[_Job[W]] = []
        weight = 0
        job = self._first()
        while job is not None:
            batch.append(job)
            weight += job.weight
            if len(batch) >= _MAX_BATCH or weight >= _MAX_BATCH_BYTES:
                return batch, False
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _first(self) -> _Job[W] | None:
        while True:
            try:
                return self._queue.get(timeout=self._performer.idle_after_s())
            except queue.Empty:
                self._performer.idle()

    def _outcomes(self, batch: Sequence[_Job[W]]) -> Sequence[object]:
        try:
            return self._performer.perform([job.work for job in batch])
        except Exception as error:  # noqa: BLE001 -- the thread must live
            return [MailboxError(f"the mailbox failed: {error!r}") for _ in batch]

    def _settle(self, batch: Sequence[_Job[W]], outcomes: Sequence[object]) -> None:
        self._call([(job.future, one) for job, one in zip(batch, outcomes, strict=True)])

    def _call(self, settled: "list[tuple[asyncio.Future[object], object]]") -> None:
        try:
            self._loop.call_soon_threadsafe(_resolve, settled)
        except RuntimeError:
            return  # The loop is closed: nobody waits any more.


def _resolve(settled: "list[tuple[asyncio.Future[object], object]]") -> None:
    for future, outcome in settled:
        if future.done():
            continue
        if isinstance(outcome, MeshError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
