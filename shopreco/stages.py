"""The stages of an answer: timed, and those that may fail without the answer failing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from time import perf_counter
from types import TracebackType
from typing import ParamSpec, TypeVar

from django.db import connections, transaction
from django.utils.asyncio import async_unsafe

from shopreco.db.process_cache import NotYetRead
from shopreco.db.routing import read_alias
from shopreco.db.shops import answering

logger = logging.getLogger(__name__)

MAX_REASON = 300
"""Characters of the reason why an answer lacks a stage."""


class StageName(StrEnum):
    """The stages of answers, as `degraded` and `timings` name them."""

    INDEX = "index"
    """Which space answers."""
    VISIBILITY = "visibility"
    """What this visitor may see."""
    IDENTIFIER = "identifier"
    """Items that carry the query as a number."""
    PHOTO = "photo"
    """The vector of a photo."""
    LEXICON = "lexicon"
    """The terms of a query, corrected and weighted."""
    MENTIONS = "mentions"
    """Entity linking: the graph nodes that a query names."""
    ENCODE = "encode"
    """The vector of a query."""
    LEXICAL = "lexical"
    """Lexical retrieval: items that have the query's words."""
    DENSE = "dense"
    """Dense retrieval: items that are near in meaning."""
    PHOTO_MATCH = "photo_match"
    """Items that are near a photo."""
    MATCH = "match"
    """All of retrieval, with the stages of a query within it."""
    ANCHORS = "anchors"
    """What a block is about."""
    HISTORY = "history"
    """What the visitor of a block did."""
    CART = "cart"
    """What is in the visitor's cart."""
    NEIGHBOURS = "neighbours"
    """Items beside the anchors of a block."""
    BROWSE = "browse"
    """The items of a list without a query."""
    RANK = "rank"
    """One score from those of all retrievers."""
    LIVE = "live"
    """The first matches, checked against the live queryset."""
    FILTER = "filter"
    """The filters that the shopper chose."""
    COLLAPSE = "collapse"
    """One result for all variants of a product."""
    SORT = "sort"
    """A sort order other than relevance."""
    DIVERSITY = "diversity"
    """Fewer near-copies, and caps per value."""
    HYDRATE = "hydrate"
    """The shop's live objects."""
    COUNT = "count"
    """The number of items in a list without a query."""
    VARIANTS = "variants"
    """The variant that a card shows."""
    EXPLAIN = "explain"
    """What each modality added to a score."""
    NOTICE = "notice"
    """A sentence where nothing was found."""
    FACETS = "facets"
    """Counts by facet value."""
    REASONS = "reasons"
    """Why a product is in a block."""
    SEARCH = "search"
    """A whole search."""
    RECOMMEND = "recommend"
    """A whole block."""
    TOTAL = "total"
    """In `timings`: the whole answer."""


P = ParamSpec("P")
R = TypeVar("R")


def savepoint(alias: str = "") -> AbstractContextManager[object]:
    """A savepoint, if a transaction of the host's is open (ATOMIC_REQUESTS).

    Without it a failing statement would end that transaction, and with it the page.

    alias: of a database, by default the reading one."""
    alias = alias or read_alias()
    return transaction.atomic(using=alias) if connections[alias].in_atomic_block else nullcontext()


def answer_of_a_shop(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a service that must answer: find out its shop once, and refuse event loops.

    In an event loop every statement would fail, and the answer would hide it.

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
class StageLog:
    """Timings in milliseconds, and the stages that an answer lacks, with the reason."""

    timings: dict[str, float] = field(default_factory=dict)
    degraded: dict[str, str] = field(default_factory=dict)

    def lacks(self, name: str, why: str) -> None:
        """Name a stage that the answer goes without."""
        self.degraded[str(name)] = why[:MAX_REASON]

    def stage(self, name: str, *, optional: bool = False) -> TimedStage:
        """Time a stage. If an optional one fails, log and name it instead of raising."""
        return TimedStage(self, name, savepoint() if optional else None)


class TimedStage:
    """Times one stage of an answer.

    An answer has two dozen: as generators they would cost more than some stages do."""

    __slots__ = ("_guard", "_name", "_stages", "_started")

    def __init__(
        self, stages: StageLog, name: str, guard: AbstractContextManager[object] | None
    ) -> None:
        """guard: the savepoint of an optional stage; None where a failure is raised."""
        self._stages = stages
        self._name = str(name)
        self._guard = guard

    def __enter__(self) -> None:
        self._started = perf_counter()
        if self._guard is not None:
            self._guard.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        stages, name = self._stages, self._name
        try:
            if self._guard is None:
                return False
            self._guard.__exit__(kind, error, traceback)
        except Exception as failed:  # noqa: BLE001 (it is logged and named below)
            error = failed
        finally:
            passed = (perf_counter() - self._started) * 1000
            stages.timings[name] = round(stages.timings.get(name, 0.0) + passed, 2)
        if not isinstance(error, Exception):
            return False
        # Only the first answers of a process lack what is still being read.
        level = logging.INFO if isinstance(error, NotYetRead) else logging.ERROR
        text = "the answer goes without its stage %r: %s"
        logger.log(level, text, name, error, exc_info=error if level == logging.ERROR else None)
        stages.lacks(name, f"{type(error).__name__}: {error}")
        return True
