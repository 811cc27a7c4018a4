"""The stages of an answer: in order, timed, and what happens where one fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from django.db import connection

from shopreco.answers.frame import AnswerContext, Stage, Stages, answered
from shopreco.answers.results import ResultPage
from shopreco.catalogues import Catalogue, get_catalogue
from shopreco.exceptions import ConfigurationError, InvalidQuery
from shopreco.stages import StageName
from tests.helpers.index import GADGET, committed_shop
from tests.testapp.models import Gadget


@dataclass(frozen=True)
class Asked:
    catalogue: Catalogue


@dataclass(frozen=True)
class Said:
    """A draft whose page says which stages made it."""

    page: ResultPage
    is_final: bool = False


Step = Callable[[Asked, AnswerContext, Said], Said]


def says(word: str) -> Step:
    def run(request: Asked, context: AnswerContext, draft: Said) -> Said:
        return replace(draft, page=replace(draft.page, notice=f"{draft.page.notice}{word}"))

    return run


def fails(error: Exception) -> Step:
    def run(request: Asked, context: AnswerContext, draft: Said) -> Said:
        raise error

    return run


def stage(name: str, run: Step | None = None, *, optional: bool = False) -> Stage[Asked, Said]:
    return Stage(name, run or says(name), optional=optional)


# The order of stages


@pytest.fixture
def stages() -> Stages[Asked, Said]:
    return Stages(stage("match"), stage("rank"), stage("hydrate"))


def names(stages: Stages[Asked, Said]) -> list[str]:
    return [each.name for each in stages]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("match", ["match", "pin", "rank", "hydrate"]),
        (StageName.RANK, ["match", "rank", "pin", "hydrate"]),
        ("hydrate", ["match", "rank", "hydrate", "pin"]),
    ],
)
def test_a_stage_is_put_behind_another(
    stages: Stages[Asked, Said], after: str, expected: list[str]
) -> None:
    stages.insert(stage("pin"), after=after)
    assert names(stages) == expected


def test_a_stage_of_the_same_name_is_replaced(stages: Stages[Asked, Said]) -> None:
    stages.insert(stage("pin"), after="match")
    other = stage("pin", optional=True)
    stages.insert(other, after="rank")
    assert names(stages) == ["match", "rank", "pin", "hydrate"]
    assert list(stages)[2] is other


def test_a_built_in_stage_is_replaced_too(stages: Stages[Asked, Said]) -> None:
    other = stage("rank")
    stages.insert(other, after="match")
    assert names(stages) == ["match", "rank", "hydrate"]
    assert list(stages)[1] is other


def test_a_stage_is_taken_out_if_it_is_there(stages: Stages[Asked, Said]) -> None:
    stages.remove("rank")
    stages.remove("pin")
    assert names(stages) == ["match", "hydrate"]


def test_behind_a_misspelt_stage_there_is_no_place_and_the_closest_is_named(
    stages: Stages[Asked, Said],
) -> None:
    with pytest.raises(ConfigurationError, match=r"no stage 'rnak'\. Did you mean 'rank'\?"):
        stages.insert(stage("pin"), after="rnak")
    with pytest.raises(ConfigurationError, match="Known: match, rank, hydrate"):
        stages.insert(stage("pin"), after="xyz")
    assert names(stages) == ["match", "rank", "hydrate"]


def test_a_refused_insertion_leaves_everything_as_it_was(stages: Stages[Asked, Said]) -> None:
    with pytest.raises(ConfigurationError):
        stages.insert(stage("rank"), after="rnak")
    assert names(stages) == ["match", "rank", "hydrate"]


def test_answers_under_way_keep_the_stages_with_which_they_began(
    stages: Stages[Asked, Said],
) -> None:
    under_way = iter(stages)
    next(under_way)
    stages.insert(stage("pin"), after="match")
    assert [each.name for each in under_way] == ["rank", "hydrate"]


# Their answer


_shop = committed_shop(lambda: Gadget.objects.create(name="lamp"))


@pytest.fixture
def request_of(_shop: None, db: None) -> Asked:
    return Asked(get_catalogue(GADGET))


def answer(request: Asked, *stages: Stage[Asked, Said]) -> ResultPage:
    return answered(StageName.SEARCH, request, Said(ResultPage()), Stages(*stages), said="'lamp'")


def test_stages_run_in_order_and_are_timed(request_of: Asked) -> None:
    page = answer(request_of, stage("a"), stage("b"), stage("c", optional=True))
    assert page.notice == "abc"
    assert page.degraded == {}
    assert list(page.timings) == ["a", "b", "c", "total"]
    assert page.timings["total"] >= max(page.timings[name] for name in "abc")


def test_an_optional_stage_that_fails_is_named_and_the_page_stands(
    request_of: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    page = answer(
        request_of, stage("a"), stage("b", fails(ValueError("odd")), optional=True), stage("c")
    )
    assert page.notice == "ac"
    assert page.degraded == {"b": "ValueError: odd"}
    assert list(page.timings) == ["a", "b", "c", "total"]
    assert "goes without its stage 'b'" in caplog.text


def test_what_an_optional_stage_broke_in_the_database_is_undone(request_of: Asked) -> None:
    def breaks(request: Asked, context: AnswerContext, draft: Said) -> Said:
        Gadget.objects.create(name="half done")
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing_of_this_name")
        return draft

    def counts(request: Asked, context: AnswerContext, draft: Said) -> Said:
        return says(str(Gadget.objects.count()))(request, context, draft)

    page = answer(request_of, stage("b", breaks, optional=True), stage("c", counts))
    assert page.degraded.keys() == {"b"}
    assert page.notice == "1"


def test_a_required_stage_that_fails_costs_the_answer_and_the_log_has_all_of_it(
    request_of: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        page = answer(request_of, stage("a"), stage("b", fails(KeyError("odd"))), stage("c"))
    assert page.notice == ""
    assert page.degraded.keys() == {"search"}
    assert "odd" in page.degraded["search"]
    assert list(page.timings) == ["a", "b", "total"]
    [record] = [each for each in caplog.records if each.name == "shopreco.answers.frame"]
    assert record.getMessage() == "search: 'lamp' failed"
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError


def test_after_a_required_stage_failed_the_hosts_transaction_goes_on(request_of: Asked) -> None:
    def breaks(request: Asked, context: AnswerContext, draft: Said) -> Said:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing_of_this_name")
        return draft

    assert answer(request_of, stage("a", breaks)).degraded.keys() == {"search"}
    assert Gadget.objects.count() == 1


def test_a_question_that_makes_no_sense_is_the_callers(request_of: Asked) -> None:
    with pytest.raises(InvalidQuery, match="no such thing"):
        answer(request_of, stage("a", fails(InvalidQuery("no such thing"))))


def test_a_stage_with_nothing_to_do_costs_no_time(request_of: Asked) -> None:
    idle = Stage("b", fails(AssertionError("it ran")), needed=lambda *_: False)
    page = answer(request_of, stage("a"), idle)
    assert (page.notice, page.degraded) == ("a", {})
    assert "b" not in page.timings


def test_whether_there_is_anything_to_do_depends_on_what_came_before(request_of: Asked) -> None:
    later = Stage("b", says("b"), needed=lambda _, draft: draft.page.notice == "a")
    assert answer(request_of, stage("a"), later).notice == "ab"
    assert answer(request_of, later, stage("a")).notice == "a"


def test_a_final_draft_ends_the_answer(request_of: Asked) -> None:
    def last(request: Asked, context: AnswerContext, draft: Said) -> Said:
        return replace(says("b")(request, context, draft), is_final=True)

    page = answer(request_of, stage("a"), stage("b", last), stage("c"))
    assert page.notice == "ab"
    assert list(page.timings) == ["a", "b", "total"]


def test_without_an_index_no_stage_runs_and_the_page_says_so(db: None) -> None:
    page = answer(Asked(get_catalogue("testapp.book")), stage("a"))
    assert page.notice == ""
    assert page.degraded == {"index": "testapp.book has no active space: run a re-index"}
    assert list(page.timings) == ["total"]


def test_stages_of_one_answer_share_the_space_and_the_log(request_of: Asked) -> None:
    seen: list[AnswerContext] = []

    def notes(request: Asked, context: AnswerContext, draft: Said) -> Said:
        seen.append(context)
        context.log.degraded["part"] = "it was late"
        return draft

    page = answer(request_of, stage("a", notes), stage("b", notes))
    assert seen[0] is seen[1]
    assert seen[0].space.catalogue == GADGET
    assert page.degraded == {"part": "it was late"}
