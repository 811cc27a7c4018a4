"""Limits of one request; the message of each `InvalidQuery` names the limit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from shopreco.exceptions import InvalidQuery

MAX_LIMIT = 1_000
MAX_OFFSET = 10_000
MAX_FACETS = 50
MAX_CAPS = 5
MAX_EXCLUDED = 200
MAX_ANCHORS = 50
"""Objects that a block is about at most: the first, of more."""


def check_page(offset: int, limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit is {limit}; it must be from 1 to {MAX_LIMIT}.")
    if not 0 <= offset <= MAX_OFFSET:
        raise InvalidQuery(f"offset is {offset}; it must be from 0 to {MAX_OFFSET}.")


def check_number_of_facets(names: Sequence[str]) -> None:
    if len(names) > MAX_FACETS:
        raise InvalidQuery(f"{len(names)} facets are asked for; up to {MAX_FACETS} are counted.")


def check_block(limit: int, max_per: Mapping[str, int], exclude: Collection[str]) -> None:
    check_page(0, limit)
    if len(max_per) > MAX_CAPS:
        raise InvalidQuery(f"max_per has {len(max_per)} facets; up to {MAX_CAPS} are capped.")
    if len(exclude) > MAX_EXCLUDED:
        raise InvalidQuery(f"{len(exclude)} objects are excluded; up to {MAX_EXCLUDED} can be.")
