"""A short queue: a few threads, a few waiting tasks, and none that nobody waits for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from threading import Lock
from typing import Generic, TypeVar

from shopreco.exceptions import ShopRecoError

T = TypeVar("T")


class TooBusy(ShopRecoError):
    """All threads are busy, and the queue is full."""

    code = "too_busy"


class Promise(Future[T], Generic[T]):
    """A future that is cancelled when a wait for it times out, unless a thread has begun it."""

    def result(self, timeout: float | None = None) -> T:
        try:
            return super().result(timeout)
        except FutureTimeout:
            self.cancel()
            raise


class ShortQueue:
    """Runs tasks in a few threads. threads: tasks at a time. places: tasks that may wait."""

    def __init__(self, name: str, *, threads: int, places: int) -> None:
        self._threads = threads
        self._places = places
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._working = 0
        self._waiting: OrderedDict[Future[object], Callable[[], object]] = OrderedDict()
        self._lock = Lock()

    def submit(self, work: Callable[[], T]) -> Promise[T]:
        """Promise the result of `work`. If the queue is full, `result` raises `TooBusy` at once."""
        promise: Promise[T] = Promise()
        with self._lock:
            if self._working < self._threads:
                self._working += 1
                self._pool.submit(self._work, promise, work)
                return promise
            full = len(self._waiting) >= self._places
            if not full:
                self._waiting[promise] = work  # type: ignore[index]  # a Future is invariant
        if full:
            promise.set_exception(TooBusy(f"{len(self)} wait for an encoder already"))
        else:
            promise.add_done_callback(self._leave)
        return promise

    def __len__(self) -> int:
        """Number of waiting tasks."""
        return len(self._waiting)

    def _leave(self, promise: Future[T]) -> None:
        with self._lock:
            self._waiting.pop(promise, None)  # type: ignore[arg-type]  # a Future is invariant

    def _work(self, promise: Future[T], work: Callable[[], T]) -> None:
        while True:
            if promise.set_running_or_notify_cancel():
                try:
                    promise.set_result(work())
                except BaseException as error:  # noqa: BLE001 (it is raised where it is awaited)
                    promise.set_exception(error)
            with self._lock:
                if not self._waiting:
                    self._working -= 1
                    return
                promise, work = self._waiting.popitem(last=False)  # type: ignore[assignment]  # as they were put
