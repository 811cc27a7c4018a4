"""Clicks of visitors as judgements: a CSV file, plain or gzip, that any shop can export.

Columns are `query`, `product` and perhaps `clicks`, which is 1 where it is left out. Rows of the
same pair add up, and other columns are skipped. A pair with c clicks gets the score
log2(1 + c), rounded, so that its gain of 2^score - 1 is about c.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from math import log2
from pathlib import Path
from typing import NamedTuple

from shopreco.evaluation.datasets.beir import DatasetError, Judgements, numbered_lines
from shopreco.text import normalise_query

QUERY, PRODUCT, CLICKS = "query", "product", "clicks"


class ClickedPair(NamedTuple):
    query: str
    product: str


class ClickJudgements(NamedTuple):
    """Judgements by query, and how many of the clicked products are unknown."""

    judgements: Judgements
    unknown: int


def judge_clicks(path: Path, products: Collection[str], max_length: int) -> ClickJudgements:
    """Judge the known products by their clicks. Queries are normalised as search does it.

    max_length: characters of a query that search reads.

    Raises:
        DatasetError: a line is malformed, or nobody clicked on any of the products.
    """
    clicks: Counter[ClickedPair] = Counter()
    for pair, count in read_clicks(path, max_length):
        clicks[pair] += count
    judgements: dict[str, dict[str, int]] = defaultdict(dict)
    for pair, count in clicks.items():
        if count and pair.product in products:
            judgements[pair.query][pair.product] = round(log2(1 + count))
    if not judgements:
        raise DatasetError(f"{path} has no clicks on products of the corpus.")
    return ClickJudgements(dict(judgements), len({pair.product for pair in clicks} - set(products)))


def read_clicks(path: Path, max_length: int) -> Iterator[tuple[ClickedPair, int]]:
    """Yield pairs and their clicks, row by row. max_length: see `judge_clicks`.

    Raises:
        DatasetError: a line is malformed.
    """
    number = 0

    def lines() -> Iterator[str]:
        nonlocal number
        for number, line in numbered_lines(path):  # noqa: B007 (for the messages below)
            yield f"{line}\n"

    rows = csv.DictReader(lines(), strict=True)
    try:
        columns = rows.fieldnames or ()
        if not {QUERY, PRODUCT} <= set(columns):
            raise DatasetError(
                f"{path}:1: expected a header with the columns {QUERY}, {PRODUCT} and perhaps "
                f"{CLICKS}, not {', '.join(columns) or 'nothing'}."
            )
        for row in rows:
            if None in row or None in row.values():
                raise DatasetError(f"{path}:{number}: expected {len(columns)} cells.")
            pair = ClickedPair(normalise_query(row[QUERY], max_length), row[PRODUCT].strip())
            count = row.get(CLICKS, "").strip() or "1"
            if not all(pair):
                raise DatasetError(f"{path}:{number}: no {PRODUCT if pair.query else QUERY}.")
            if not count.isdecimal():
                raise DatasetError(f"{path}:{number}: {count!r} is no whole number of clicks.")
            yield pair, int(count)
    except csv.Error as error:
        raise DatasetError(f"{path}:{number}: not CSV: {error}.") from None
