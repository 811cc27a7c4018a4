"""Pairs: what one slice adds to the pairs of products, and to what they are counted among."""

from __future__ import annotations

from typing import Final

ADD: Final = """
    added AS (
        INSERT INTO shopreco_itempair AS p (kind, source, target, number, weight, changed)
        SELECT '{kind}', source, target, number, weight, number > 1 AND source <> target
        FROM delta WHERE number > 0 OR EXISTS (
            SELECT FROM shopreco_itempair known WHERE known.kind = '{kind}'
                AND known.source = delta.source AND known.target = delta.target
        )
        ORDER BY source, target
        ON CONFLICT (kind, source, target) DO UPDATE SET
            number = greatest(p.number + excluded.number, 0),
            weight = greatest(p.weight + excluded.weight, 0),
            changed = p.changed OR (p.source <> p.target
                AND greatest(p.number, p.number + excluded.number) > 1)
    ),
    summed AS (
        INSERT INTO shopreco_pairtotal AS t (catalogue, kind, number, weight)
        SELECT %(catalogue)s, '{kind}', number, weight FROM total WHERE number IS NOT NULL
        ON CONFLICT (catalogue, kind) DO UPDATE SET
            number = greatest(t.number + excluded.number, 0),
            weight = greatest(t.weight + excluded.weight, 0)
    )
"""
"""Adds `delta` (source, target, number, weight) and `total` (number, weight).

A pair that one visitor or order has alone never becomes an edge: it is not noted as changed."""
