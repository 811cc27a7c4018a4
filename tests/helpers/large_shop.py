"""Thousands of gadgets and their items, written by SQL as the index would write them."""

from __future__ import annotations

from django.db import connection

from tests.helpers.index import GADGET


def add(
    number: int, *, path: str, brand: str, price: str = "mod(n, 90) + 10", days_ago: int = 0
) -> None:
    """So many gadgets of one category and brand. `price` is SQL over their number `n`.

    They have no words and vectors: they are browsed, not found.
    """
    levels = path.split(" > ")
    paths = [" > ".join(levels[: depth + 1]) for depth in range(len(levels))]
    pairs = [("category", each) for each in ("", *paths)] + [("brand", ""), ("brand", brand)]
    given = {
        "number": number,
        "path": path,
        "names": [name for name, _value in pairs],
        "values": [value for _name, value in pairs],
        "catalogue": GADGET,
        "days": days_ago,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_facetcode (catalogue, name, value, key)
            SELECT %(catalogue)s, name, value, lower(value)
            FROM unnest(%(names)s::text[], %(values)s::text[]) AS t (name, value)
            ON CONFLICT DO NOTHING
            """,
            given,
        )
        cursor.execute(
            f"""
            WITH codes AS MATERIALIZED (
                SELECT array_agg(f.id::bigint << 32 | v.id) AS codes
                FROM unnest(%(names)s::text[], %(values)s::text[]) AS t (name, value)
                JOIN shopreco_facetcode f ON f.name = t.name AND f.value = ''
                JOIN shopreco_facetcode v ON v.name = t.name AND v.value = t.value
                WHERE t.value <> ''
            ),
            gadget AS (
                INSERT INTO testapp_gadget (id, name, text, attributes, path, sku, price, stock,
                    hidden, retired, created)
                SELECT gen_random_uuid(), %(path)s || ' ' || n, '', '{{}}', %(path)s, '', {price},
                    1, false, false, now() - %(days)s * interval '1 day' - n * interval '1 second'
                FROM generate_series(1, %(number)s) n RETURNING *
            )
            INSERT INTO shopreco_item (catalogue, object_id, title, language, parent_id, group_id,
                price, currency, shown_price, shown_currency, available, facet_codes, identifiers,
                hashes, media_problems, outcome, reason, added_at)
            SELECT %(catalogue)s, id, name, 'en', '', hashtextextended(id::text, 0),
                price, 'EUR', price, 'EUR', true, codes, '{{}}', '{{}}', '{{}}', 'indexed', '',
                created
            FROM gadget, codes
            """,
            given,
        )
