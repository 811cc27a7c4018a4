"""The stages of an answer: timed, and those that may fail without the answer failing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

from django.db import connections, router, transaction
from django.utils.asyncio import async_unsafe

from shopreco.models import Embedding
from shopreco.process_cache import NotYetRead, answering

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def savepoint() -> Iterator[None]:
    """For what is caught when it fails: a failing statement would end a transaction of the host's
    (ATOMIC_REQUESTS), and with it the page."""
    alias = router.db_for_read(Embedding)
    with transaction.atomic(using=alias) if connections[alias].in_atomic_block else nullcontext():
        yield


def answer_of_a_shop(function: Callable[P, R]) -> Callable[P, R]:
    """A service that answers whatever fails, which in an event loop would be every statement.

    Raises:
        SynchronousOnlyOperation: it is called in an event loop; the message has the fix.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        with answering():
            return function(*args, **kwargs)

    name = f"services.{function.__name__}"
    message = f"{name} waits for the database. In async code: await sync_to_async({name})(…)"
    guarded: Callable[P, R] = async_unsafe(message)(call)
    return guarded


@dataclass(slots=True)
class Stages:
    """Timings in milliseconds, and the stages that an answer had to do without."""

    timings: dict[str, float] = field(default_factory=dict)
    degraded: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, *, optional: bool = False) -> Iterator[None]:
        """Time a stage; an optional one that fails is logged and named instead of raised."""
        started = perf_counter()
        try:
            with savepoint() if optional else nullcontext():
                yield
        except Exception as error:
            if not optional:
                raise
            # Of what is still being read only the first answers of a process go without.
            level = logging.INFO if isinstance(error, NotYetRead) else logging.ERROR
            text = "the answer goes without its stage %r: %s"
            logger.log(level, text, name, error, exc_info=level == logging.ERROR)
            self.degraded[name] = f"{type(error).__name__}: {error}"[:300]
        finally:
            passed = (perf_counter() - started) * 1000
            self.timings[name] = round(self.timings.get(name, 0.0) + passed, 2)
