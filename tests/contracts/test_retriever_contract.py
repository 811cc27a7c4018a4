"""What every retriever promises, whoever registered it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from django.core.cache import cache
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from shopreco.fusion import MIN_PAIRS
from shopreco.models import EmbeddingSpace, Item, ItemStatistic, Node
from shopreco.queries.conditions import Condition, Filters
from shopreco.queries.terms import lexical_query
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context
from shopreco.spaces.stores import pictures, vector_store
from shopreco.stages import StageLog
from tests.helpers.graph import link, node_of, relation_of
from tests.helpers.index import active_space, committed, index, item_of
from tests.helpers.posters import POSTER, gallery
from tests.testapp.models import Poster

pytestmark = pytest.mark.django_db

NAMES = (
    "accessories",
    "also-viewed",
    "bought-together",
    "complements",
    "dense",
    "hybrid",
    "lexical",
    "photo",
    "popular",
    "replacements",
    "substitutes",
    "trending",
    "visual",
)
SEEDLESS = {"popular", "trending"}
"""They need no seed and no query, but statistics of the catalogue."""
QUERY = "red poster number"
MANY = 1_000
EMPTY = "testapp.gadget"
"""A catalogue that is indexed and has no product."""


@dataclass(frozen=True)
class Shop:
    """The first poster is linked to others in every way; the last has a category alone."""

    posters: list[Poster]

    @property
    def linked(self) -> int:
        return item_of(self.posters[0]).pk

    @property
    def unlinked(self) -> int:
        return item_of(self.posters[-1]).pk


def fill() -> Shop:
    index(EMPTY)
    return Shop(gallery(MIN_PAIRS + 4))


def relate(posters: list[Poster]) -> None:
    seed = posters[0]
    for n, code in enumerate(["complements", "accessory_of", "substitutes"]):
        for other in posters[1 + 3 * n : 4 + 3 * n]:
            link(other, code, seed, weight=1 - n / 10)
    category = Node.objects.create(catalogue=POSTER, kind="category", key="art", label="Art")
    for other in posters[10:14]:
        link(other, "bought_together", seed)
        link(seed, "also_viewed", other, weight=0.5)
    for n, each in enumerate(posters[:9]):
        ItemStatistic.objects.create(
            catalogue=POSTER, group_id=item_of(each).group_id, popularity=n / 9, trending=9 - n
        )
    for each in posters[-5:]:
        node_of(each).edges.create(
            relation=relation_of("in_category"), target=category, provenance="curated"
        )


@pytest.fixture(scope="module")
def shop(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    media = override_settings(MEDIA_ROOT=str(tmp_path_factory.mktemp("media")))
    with media, committed(fill, django_db_blocker, POSTER) as filled:
        with django_db_blocker.unblock():
            relate(filled.posters)
        yield filled


@pytest.fixture
def everything(shop: Shop, db: None) -> Context:
    """All that a retriever may ask for, at once."""
    cache.clear()
    space = active_space(POSTER)
    return replace(
        bare(space),
        text=QUERY,
        language="en",
        words=lexical_query(space, QUERY, "en"),
        vector=vector_store(space).vectors(space, [shop.linked])[shop.linked],
        picture=pictures.picture_of(space, shop.linked),
        seed=shop.linked,
    )


def bare(space: EmbeddingSpace) -> Context:
    return Context(space, Filters(), StageLog())


def only(item_ids: list[int], filters: Filters | None = None) -> Filters:
    among = Condition("i.id = ANY(%s)", (item_ids,))
    return Filters({**(filters.conditions if filters else {}), "few": among})


@pytest.fixture(params=[*NAMES, "dense of a seed", "visual of a seed", "substitutes by category"])
def asked(request: pytest.FixtureRequest, shop: Shop, everything: Context) -> tuple[str, Context]:
    """A retriever, and a context in which it finds something."""
    name, _, how = request.param.partition(" ")
    if how == "of a seed":
        return name, replace(everything, vector=None, picture=None)
    if how == "by category":
        return name, replace(everything, vector=None, seed=shop.unlinked)
    return name, everything


def retrieve(asked: tuple[str, Context], k: int = MANY) -> Candidates:
    name, context = asked
    return RETRIEVERS.get(name).retrieve(context, k)


def ids(found: Candidates) -> list[int]:
    listed: list[int] = found.item_ids.tolist()
    return listed


def test_every_built_in_retriever_is_tested() -> None:
    assert sorted(RETRIEVERS) == list(NAMES)
    for name, retriever in RETRIEVERS.items():
        assert retriever.name == name


def test_candidates_have_the_columns_that_it_names_all_of_one_length(
    asked: tuple[str, Context],
) -> None:
    found = retrieve(asked)
    assert len(found) >= 3
    assert set(found.columns) == set(RETRIEVERS.get(asked[0]).columns)
    arrays = [found.item_ids, found.group_ids, *found.columns.values()]
    assert {array.shape for array in arrays} == {(len(found),)}
    assert all(np.issubdtype(scores.dtype, np.floating) for scores in found.columns.values())
    assert found.source


def test_each_item_comes_once_with_its_own_group(asked: tuple[str, Context]) -> None:
    found = retrieve(asked)
    assert len(set(ids(found))) == len(found)
    groups = Item.objects.in_bulk(ids(found))
    assert [groups[i].group_id for i in ids(found)] == found.group_ids.tolist()
    assert {item.catalogue for item in groups.values()} == {POSTER}


def test_no_more_come_than_are_asked_for(asked: tuple[str, Context]) -> None:
    number = len(retrieve(asked))
    for k in (1, 2, number - 1, number, number + 1):
        assert len(retrieve(asked, k)) <= k


def test_it_says_truly_whether_there_are_more(asked: tuple[str, Context]) -> None:
    everything = retrieve(asked)
    assert everything.complete
    for k in (1, 2, len(everything) - 1, len(everything), len(everything) + 1):
        found = retrieve(asked, k)
        assert set(ids(found)) <= set(ids(everything))
        assert not found.complete or len(found) == len(everything)


def test_filters_hold_before_the_limit(asked: tuple[str, Context]) -> None:
    name, context = asked
    for item_id in ids(retrieve(asked))[:20]:
        few = context.within(only([item_id]))
        assert ids(retrieve((name, few), 1)) == [item_id]


def test_what_passes_no_filter_is_not_found(asked: tuple[str, Context]) -> None:
    name, context = asked
    found = retrieve((name, context.within(only([]))))
    assert (len(found), found.complete) == (0, True)
    assert set(found.columns) == set(RETRIEVERS.get(name).columns)


def test_what_a_visitor_may_not_see_is_not_found(asked: tuple[str, Context]) -> None:
    name, context = asked
    first, *others = ids(retrieve(asked))
    hidden = Filters(visible=(Condition("i.id <> %s", (first,)),))
    found = set(ids(retrieve((name, context.within(hidden)))))
    assert first not in found
    assert found >= set(others)


def test_the_best_come_first(asked: tuple[str, Context]) -> None:
    scores = retrieve(asked).scores
    assert np.isfinite(scores).all()
    assert (np.diff(scores) <= 1e-6).all()


def test_the_same_is_found_again(asked: tuple[str, Context]) -> None:
    found, again = retrieve(asked, 5), retrieve(asked, 5)
    assert found.places == again.places
    np.testing.assert_array_equal(found.scores, again.scores)


def test_candidates_can_be_kept_in_a_cache(asked: tuple[str, Context]) -> None:
    found = retrieve(asked)
    again = Candidates.from_plain(found.as_plain())
    assert again.places == found.places
    np.testing.assert_allclose(again.scores, found.scores)


@pytest.mark.parametrize("name", sorted({*NAMES} - SEEDLESS))
def test_without_what_it_needs_there_is_nothing(name: str, everything: Context) -> None:
    found = retrieve((name, bare(everything.space)))
    assert (len(found), found.complete) == (0, True)
    assert set(found.columns) == set(RETRIEVERS.get(name).columns)


@pytest.mark.parametrize("name", sorted({*NAMES} - SEEDLESS))
def test_beside_what_is_gone_there_is_nothing(name: str, everything: Context) -> None:
    gone = replace(bare(everything.space), seed=-1)
    assert len(retrieve((name, gone))) == 0


@pytest.mark.parametrize("name", NAMES)
def test_in_a_shop_that_never_had_products_there_is_nothing(name: str, everything: Context) -> None:
    asked = replace(everything, space=active_space(EMPTY), picture=None)
    if name in {"dense", "hybrid", "lexical"}:
        found = retrieve((name, asked))
        assert (len(found), found.complete) == (0, True)
    else:
        assert len(retrieve((name, replace(asked, seed=-1, vector=None)))) == 0


@pytest.mark.parametrize("name", NAMES)
def test_in_a_shop_that_was_emptied_there_is_nothing(name: str, everything: Context) -> None:
    Item.objects.all().delete()
    found = retrieve((name, everything))
    assert (len(found), found.complete) == (0, True)
    assert set(found.columns) == set(RETRIEVERS.get(name).columns)
