"""Inspection: how a query was read, how PostgreSQL answers it, and what is near an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from shopreco.answers.contributions import shares
from shopreco.catalogues import get_catalogue
from shopreco.conf import get_settings
from shopreco.db.routing import read_alias
from shopreco.db.statements import Statement, read_cursor
from shopreco.exceptions import ShopRecoError
from shopreco.indexing.modality_vectors import used_media
from shopreco.models import EmbeddingSpace, Item
from shopreco.queries import query_vectors
from shopreco.queries.conditions import Filters
from shopreco.queries.filters import parse_filters
from shopreco.queries.languages import query_language
from shopreco.queries.terms import LexicalQuery, lexical_query
from shopreco.retrieval import dense, hybrid, lexical
from shopreco.spaces.indexes import index_names
from shopreco.spaces.serving import active_space
from shopreco.spaces.stores import vector_store
from shopreco.spaces.stores.pgvector import literal
from shopreco.text import get_analyser, normalise_query, term_id

__all__ = [
    "Explanation",
    "NearItem",
    "Plan",
    "PlanNode",
    "ReadTerm",
    "explain",
    "nearest_items",
    "plan_of",
    "used_media",
]

TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class ReadTerm:
    """A term that a query asks for.

    frequency: in how many items it is.
    weight: None where no item has it.
    opens: heavy enough to bring candidates in by itself.
    """

    typed: str
    read_as: str
    term: str
    frequency: int = 0
    weight: float | None = None
    opens: bool = False


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node of a plan. `depth` counts from 0 at the root.

    rows: an estimate, unless the plan was measured.
    milliseconds: None where the plan was not measured.
    """

    depth: int
    kind: str
    relation: str
    index: str
    rows: int
    milliseconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How PostgreSQL executes the statement of a retriever.

    retriever: its name.
    index: the one that was made for this statement.
    milliseconds: None where the statement was not run.
    error: why there is no plan; empty if there is one.
    """

    retriever: str
    index: str = ""
    nodes: tuple[PlanNode, ...] = ()
    milliseconds: float | None = None
    error: str = ""

    @property
    def uses_index(self) -> bool:
        return any(node.index == self.index for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a query is understood, and by which plans its candidates are found."""

    language: str = ""
    terms: tuple[ReadTerm, ...] = ()
    plans: tuple[Plan, ...] = ()


@dataclass(frozen=True, slots=True)
class NearItem:
    """An item near another: their cosine, and what each modality adds to it."""

    item: Item
    cosine: float
    contributions: Mapping[str, float]


def explain(
    query: str,
    *,
    catalogue: str | None = None,
    request: HttpRequest | None = None,
    filters: Mapping[str, Any] | None = None,
    language: str | None = None,
    measure: bool = False,
) -> Explanation:
    """Explain how `search` reads a query, and how PostgreSQL finds the candidates.

    Args:
        measure: run the statements too (EXPLAIN ANALYZE).

    Raises:
        InvalidQuery: a filter that `search` would refuse.
    """
    shop = get_catalogue(catalogue)
    scope = parse_filters(shop, filters).scope()
    space = active_space(shop.name)
    text = normalise_query(query, get_settings().MAX_QUERY_LENGTH)
    if space is None or not text:
        return Explanation()
    spoken = query_language(space, text, language, request)
    words = lexical_query(space, text, spoken)
    vector_index, terms_index = index_names(space.pk)
    plans = [_dense_plan(space, text, scope, vector_index, measure=measure)]
    if words is not None:
        statement = lexical.statement(space, words, scope)
        plans.append(plan_of("lexical", statement, terms_index, measure=measure))
    return Explanation(spoken, _terms(text, spoken, words), tuple(plans))


def _terms(text: str, language: str, words: LexicalQuery | None) -> tuple[ReadTerm, ...]:
    """What is searched, then what no item has."""
    found = []
    for each in words.terms if words else ():
        number = term_id(each.term)
        weight = words.weights.get(number, 0.0) if words else 0.0
        opens = bool(words and number in words.essential)
        found.append(ReadTerm(each.typed, each.read_as, each.term, each.frequency, weight, opens))
    known = {each.term for each in found}
    found += [
        ReadTerm(token.surface, token.surface, token.term)
        for token in dict.fromkeys(get_analyser(language).tokens(text))
        if token.term not in known
    ]
    return tuple(found)


def _dense_plan(
    space: EmbeddingSpace, text: str, scope: Filters, index: str, *, measure: bool
) -> Plan:
    try:
        vector = query_vectors.begin(space, text).result(timeout=query_vectors.patience(space))
    except FutureTimeout:
        return Plan("dense", error=_("the query vector was not ready in time"))
    except (ShopRecoError, OSError) as error:
        return Plan("dense", error=str(error))
    depth, where = hybrid.depth(space), scope.where()
    statement = vector_store(space).statement(space, literal(vector), depth, where)
    return plan_of("dense", statement, index, measure=measure)


def plan_of(retriever: str, statement: Statement, index: str, *, measure: bool = False) -> Plan:
    """Ask PostgreSQL for the plan of a statement; `measure` runs it too (EXPLAIN ANALYZE).

    Args:
        index: name of the index that was made for it.
    """
    alias = read_alias()
    options = "FORMAT JSON" + (", ANALYZE, BUFFERS" if measure else "")
    try:
        with transaction.atomic(using=alias), read_cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(TIMEOUT_MS)])
            cursor.execute(f"EXPLAIN ({options}) {statement.sql}", statement.params)
            (found,) = cursor.fetchone()
    except DatabaseError as error:
        return Plan(retriever, index, error=str(error).splitlines()[0])
    (root,) = found
    return Plan(retriever, index, tuple(_nodes(root["Plan"], 0)), root.get("Execution Time"))


def _nodes(node: Mapping[str, Any], depth: int) -> Iterator[PlanNode]:
    is_measured = "Actual Rows" in node
    loops = node.get("Actual Loops", 1)
    yield PlanNode(
        depth,
        node["Node Type"],
        node.get("Relation Name", ""),
        node.get("Index Name", ""),
        round(node["Actual Rows"] * loops) if is_measured else node["Plan Rows"],
        node["Actual Total Time"] * loops if is_measured else None,
    )
    for child in node.get("Plans", ()):
        yield from _nodes(child, depth + 1)


def nearest_items(item: Item, k: int = 10) -> list[NearItem]:
    """Find the items nearest to one by vector in the active space; none if it has no vector there.

    Nothing is left out: neither variants, nor what the shop hides.
    """
    space = active_space(item.catalogue)
    vector = vector_store(space).vectors(space, [item.pk]).get(item.pk) if space else None
    if space is None or vector is None:
        return []
    hits = dense.nearest(space, vector, Filters(), k + 1)
    found = zip(hits.item_ids.tolist(), hits.scores.tolist(), strict=True)
    near = [(item_id, score) for item_id, score in found if item_id != item.pk][:k]
    ids = [item_id for item_id, _score in near]
    items = Item.objects.defer("facet_codes", "hashes").in_bulk(ids)
    return [
        NearItem(items[item_id], score, parts)
        for (item_id, score), parts in zip(near, shares(space, vector, ids), strict=True)
        if item_id in items
    ]
