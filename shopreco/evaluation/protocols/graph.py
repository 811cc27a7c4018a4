"""The protocol of the knowledge graph: find what is bought together.

A folder with `NAME.item[.gz]` and `NAME.kg[.gz]` of RecBole. A fifth of the `bought_together` pairs
is hidden, chosen by hash. From each end of a hidden pair the other is looked for, among all items
that are not known to be bought with it. Hits@10: how often it is among the first ten.

Other links between items come from the behaviour of customers too, so they are measured apart:
first brands, categories and the remaining pairs alone, then everything that the file declares.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopreco.answers.results import ResultPage
from shopreco.catalogues import get_catalogue
from shopreco.encoders.graph import STEPS, Links, propagate
from shopreco.evaluation.base import Work
from shopreco.evaluation.datasets.beir import fingerprint
from shopreco.evaluation.datasets.recbole import as_file, find_files, read_items, read_triples
from shopreco.evaluation.scratch.corpus.models import CorpusProduct
from shopreco.evaluation.scratch.corpus.rows import fill_corpus
from shopreco.evaluation.scratch.overrides import overridden_settings
from shopreco.evaluation.scratch.preparation import CATALOGUE, migrate, prepare_loaded
from shopreco.evaluation.tables import table
from shopreco.graph.files.kg import import_kg
from shopreco.indexing.propagation import as_links, links_between_items
from shopreco.models import EmbeddingSpace, Item, Node
from shopreco.spaces.vectors import aligned_vectors

HIDDEN: Final = "bought_together"
FROM_BEHAVIOUR: Final = frozenset({"also_bought", "also_viewed"})
HIDDEN_BUCKETS: Final = 20
"""Of a hundred."""
DEPTH: Final = 10

Rank = Callable[[str, int], Sequence[str]]
"""The object ids that are nearest to an object, as many as asked for."""


@dataclass(frozen=True, slots=True)
class GraphReport:
    """Hits@10, by the known edges and by the system that ranks."""

    dataset: str
    items: int
    hidden: int
    """Both directions of a pair count."""
    hits: Mapping[str, Mapping[str, float]]

    def as_json(self) -> dict[str, object]:
        hits = {k: {name: round(h, 4) for name, h in v.items()} for k, v in self.hits.items()}
        return {
            "dataset": self.dataset,
            "items": self.items,
            "hidden": self.hidden,
            f"hits@{DEPTH}": hits,
        }

    def as_text(self) -> str:
        rows = [
            [known if n == 0 else "", name, f"{hit:.4f}", _ratio(hit, found["text"])]
            for known, found in self.hits.items()
            for n, (name, hit) in enumerate(found.items())
        ]
        head = f"{self.dataset}: {self.items:,} items, {self.hidden:,} hidden partners"
        columns = ["edges", "ranked by", f"Hits@{DEPTH}", "to text alone"]
        return f"{head}\n\n{table(columns, rows)}"


def _ratio(hit: float, alone: float) -> str:
    return f"{hit / alone:.2f}" if alone else "–"


def evaluate(folder: Path, recommend: Callable[..., ResultPage], work: Work) -> GraphReport:
    """Run the protocol in the scratch shop.

    Raises:
        DatasetError: a file is malformed.
        IndexingFailed: the index could not be built.
    """
    items, triples = find_files(folder)
    everything = list(read_triples(triples))
    pairs = {t.pair for t in everything if t.relation == HIDDEN}
    hidden = {pair for pair in pairs if _bucket(pair) < HIDDEN_BUCKETS}
    known = _partners(pairs - hidden)
    wanted = _partners(hidden)
    migrate()
    fill_corpus(fingerprint(items), _products(items))
    # An earlier run may have imported another choice of pairs.
    Node.objects.filter(catalogue=CATALOGUE).delete()
    shown = [t for t in everything if t.relation != HIDDEN or t.pair not in hidden]
    stages = {
        "brand, category, other pairs": [t for t in shown if t.relation not in FROM_BEHAVIOUR],
        "all that are declared": shown,
    }
    hits = {}
    for name, edges in stages.items():
        import_kg(get_catalogue(CATALOGUE), as_file(edges))
        space = prepare_loaded(work, changed=True)
        all_items = _Items.of(space)
        propagated = propagate(all_items.texts, all_items.links())
        systems = {
            "text": all_items.by(all_items.texts),
            "text, spread along links": all_items.by(propagated),
            "text and graph, complementary": _by(recommend, "product-complementary"),
            "text and graph, one vector": _by(recommend, "product-similar"),
        }
        hits[name] = {s: _hits(rank, wanted, known) for s, rank in systems.items()}
        # In another space, for which nothing is encoded; the next stage is without steps again.
        with overridden_settings(GRAPH_STEPS=STEPS):
            prepare_loaded(work, changed=False)
            found = _hits(_by(recommend, "product-similar"), wanted, known)
            hits[name][f"text and graph, one vector, {STEPS} steps"] = found
    return GraphReport(
        folder.resolve().name, CorpusProduct.objects.count(), sum(map(len, wanted.values())), hits
    )


def _bucket(pair: tuple[str, str]) -> int:
    text = " ".join(pair).encode()
    return int(hashlib.sha1(text, usedforsecurity=False).hexdigest(), 16) % 100


def _partners(pairs: set[tuple[str, str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return dict(found)


def _hits(rank: Rank, wanted: Mapping[str, set[str]], known: Mapping[str, set[str]]) -> float:
    found = 0
    for seed, partners in wanted.items():
        others = known.get(seed, set())
        ranked = [each for each in rank(seed, DEPTH + len(others)) if each not in others]
        found += len(partners & set(ranked[:DEPTH]))
    return found / sum(map(len, wanted.values()))


def _by(recommend: Callable[..., ResultPage], placement: str) -> Rank:
    products = CorpusProduct.objects.in_bulk()

    def rank(seed: str, limit: int) -> list[str]:
        page = recommend(placement, seed=products[seed], limit=limit)
        return [result.object_id for result in page.results]

    return rank


@dataclass(frozen=True, slots=True)
class _Items:
    """All items with their E(T), (n, d)."""

    item_ids: Sequence[int]
    ids: Sequence[str]
    row: Mapping[str, int]
    texts: NDArray[np.float32]

    @classmethod
    def of(cls, space: EmbeddingSpace) -> _Items:
        rows = Item.objects.filter(catalogue=CATALOGUE).order_by("id")
        items = dict(rows.values_list("id", "object_id"))
        ids = list(items.values())
        texts = aligned_vectors(space, list(items))["text"]
        return cls(list(items), ids, {object_id: n for n, object_id in enumerate(ids)}, texts)

    def links(self) -> Links:
        return as_links(links_between_items(CATALOGUE), np.array(self.item_ids))

    def by(self, vectors: NDArray[np.float32]) -> Rank:
        """Rank by exact cosine."""

        def rank(seed: str, limit: int) -> list[str]:
            cosines = vectors @ vectors[self.row[seed]]
            cosines[self.row[seed]] = -np.inf
            best = np.argpartition(-cosines, limit)[:limit]
            return [self.ids[n] for n in best[np.argsort(-cosines[best])]]

        return rank


def _products(path: Path) -> Iterator[CorpusProduct]:
    for item in read_items(path):
        text = ", ".join(item.categories)
        yield CorpusProduct(id=item.id, title=item.title, brand=item.brand, text=text)
