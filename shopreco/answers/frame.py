"""The frame of every answer: timed stages over a frozen request. The page comes whatever fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue
from shopreco.exceptions import ConfigurationError, InvalidQuery, describe
from shopreco.models import EmbeddingSpace
from shopreco.registries import did_you_mean
from shopreco.spaces.serving import served_space
from shopreco.stages import StageLog, StageName, savepoint

logger = logging.getLogger(__name__)


class Request(Protocol):
    """The request of an answer: validated once, then frozen."""

    @property
    def catalogue(self) -> Catalogue: ...


class Draft(Protocol):
    """The draft of an answer; each stage returns another one."""

    @property
    def page(self) -> ResultPage: ...

    @property
    def is_final(self) -> bool:
        """Whether the remaining stages are skipped."""
        ...


R = TypeVar("R", bound=Request)
D = TypeVar("D", bound=Draft)


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What the stages of one answer share."""

    space: EmbeddingSpace
    log: StageLog
    """Names each part that fails or is late."""


def _always(request: Any, draft: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Stage(Generic[R, D]):
    """One part of an answer.

    name: the key in `timings`, and in `degraded` if the stage is optional and fails.
    run: takes request, context and draft; returns the next draft.
    needed: takes request and draft; returns whether the stage runs. A stage that is not needed
        costs no time and no savepoint.
    """

    name: str
    run: Callable[[R, AnswerContext, D], D]
    optional: bool = False
    """Whether the answer goes on without this stage if it fails."""
    needed: Callable[[R, D], bool] = _always


class Stages(Generic[R, D]):
    """The stages of one kind of answer, in order. Apps add theirs from `AppConfig.ready`."""

    def __init__(self, *stages: Stage[R, D]) -> None:
        self._stages = stages

    def __iter__(self) -> Iterator[Stage[R, D]]:
        return iter(self._stages)

    def insert(self, stage: Stage[R, D], *, after: str) -> None:
        """Add a stage after the stage named `after`; replace one of the same name.

        Raises:
            ConfigurationError: no stage is named `after`.
        """
        others = tuple(each for each in self._stages if each.name != stage.name)
        names = [each.name for each in others]
        if after not in names:
            hint = did_you_mean(after, [str(name) for name in names])
            raise ConfigurationError(f"There is no stage {str(after)!r}. {hint}")
        place = names.index(after) + 1
        self._stages = (*others[:place], stage, *others[place:])

    def remove(self, name: str) -> None:
        """Remove a stage, if it is there: for tests."""
        self._stages = tuple(each for each in self._stages if each.name != name)


def answered(
    name: StageName, request: R, first: D, stages: Stages[R, D], *, said: str
) -> ResultPage:
    """Run the stages on a first draft, and return the page.

    A failure outside an optional stage empties the answer, and never breaks the shop's page: it is
    logged, and `degraded` names it.

    said: the request in words, for the log.

    Raises:
        InvalidQuery: the catalogue does not offer what the request asks for.
    """
    started, log, draft = perf_counter(), StageLog(), first
    try:
        with savepoint():
            space = served_space(request.catalogue.name)
            if space is None:
                lacks = f"{request.catalogue.name} has no active space: run a re-index"
                log.lacks(StageName.INDEX, lacks)
            else:
                draft = _run(request, AnswerContext(space, log), first, stages)
    except InvalidQuery:
        raise
    except Exception as error:
        # The shop's page comes first; the log has the whole story.
        logger.exception("%s: %s failed", name, said)
        log.lacks(name, describe(error))
        draft = first
    log.timings[StageName.TOTAL.value] = round((perf_counter() - started) * 1000, 2)
    return replace(draft.page, degraded=log.degraded, timings=log.timings)


def _run(request: R, context: AnswerContext, draft: D, stages: Stages[R, D]) -> D:
    log = context.log
    for stage in stages:
        if stage.needed(request, draft):
            with log.stage(stage.name, optional=stage.optional):
                draft = stage.run(request, context, draft)
            if draft.is_final:
                break
    return draft
