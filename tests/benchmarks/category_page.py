"""How long a page of a large shop takes: a category, in the order of price, without facets.

    python -m pytest tests/benchmarks/category_page.py -s -p tests.conftest

With `--rootdir`, `-c` and PYTHONPATH of another checkout it measures that one.
"""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter
from typing import Any

import pytest
from django.db import connection

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.indexing import reindex
from tests.testapp.models import Gadget

PRODUCTS = 200_000
GADGET = "testapp.gadget"
PAGES: dict[str, dict[str, Any]] = {
    "a category of a quarter, by price": {"filters": {"category": "C1"}, "sort": "price_asc"},
    "the same, dearest first": {"filters": {"category": "C1"}, "sort": "price_desc"},
    "a category of 200, by price": {"filters": {"category": "C1 > D5"}, "sort": "price_asc"},
    "the same, page 100": {"filters": {"category": "C1"}, "sort": "price_asc", "offset": 2376},
    "everything, newest first": {"sort": "newest"},
    "everything, by name": {"sort": "title"},
    "a category of a quarter with facets": {
        "filters": {"category": "C1"},
        "sort": "price_asc",
        "facets": ["*"],
    },
}


@pytest.mark.django_db(transaction=True, databases=["default", "shop"])
def test_category_page() -> None:
    Gadget.objects.create(name="lamp", path="C0", price=1)
    services.run_inline(reindex.start(get_catalogue(GADGET)))
    fill(PRODUCTS)
    for name, asked in PAGES.items():
        page = services.search("", catalogue=GADGET, limit=24, **asked)
        assert page.degraded == {}, page.degraded
        taken = []
        for _ in range(9):
            began = perf_counter()
            services.search("", catalogue=GADGET, limit=24, **asked)
            taken.append(perf_counter() - began)
        stages = ", ".join(f"{stage} {ms:.0f}" for stage, ms in page.timings.items())
        sys.stdout.write(f"{name}: {median(taken) * 1000:.1f} ms ({stages}), {page.total} found\n")


def fill(products: int) -> None:
    """So many gadgets and their items, as the index would write them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO testapp_gadget (id, name, text, attributes, path, sku, price, stock,
                hidden, retired, created)
            SELECT gen_random_uuid(), 'lamp ' || n, '', '{}', '', '', n %% 997 + 1, 1,
                false, false, now() - n * interval '1 minute'
            FROM generate_series(1, %s) n
            """,
            [products],
        )
        cursor.execute(
            """
            INSERT INTO shopreco_facetcode (catalogue, name, value, key)
            SELECT 'testapp.gadget', 'category', v, lower(v) FROM (
                SELECT 'C' || c FROM generate_series(0, 3) c
                UNION ALL SELECT 'C1 > D' || d FROM generate_series(0, 249) d
            ) AS t (v)
            UNION ALL SELECT 'testapp.gadget', 'brand', v, lower(v) FROM (
                SELECT '' UNION ALL SELECT 'B' || b FROM generate_series(0, 99) b
            ) AS t (v)
            ON CONFLICT DO NOTHING
            """
        )
        cursor.execute(
            """
            WITH code AS MATERIALIZED (
                SELECT v.name, v.value, f.id::bigint << 32 | v.id AS code
                FROM shopreco_facetcode f JOIN shopreco_facetcode v ON v.name = f.name
                WHERE f.value = '' AND v.value <> ''
            )
            INSERT INTO shopreco_item (catalogue, object_id, title, language, parent_id, group_id,
                price, currency, available, facet_codes, identifiers, hashes, media_problems,
                outcome, reason, added_at)
            SELECT 'testapp.gadget', g.id, g.name, 'en', '', hashtextextended(g.id::text, 0),
                g.price, 'EUR', true, array_remove(ARRAY[c.code, d.code, b.code], NULL),
                '{}', '{}', '{}', 'indexed', '', g.created
            FROM (
                SELECT *, substr(name, 6)::int AS n FROM testapp_gadget WHERE name <> 'lamp'
            ) AS g
            JOIN code c ON c.name = 'category' AND c.value = 'C' || n % 4
            JOIN code b ON b.name = 'brand' AND b.value = 'B' || n % 100
            LEFT JOIN code d ON d.name = 'category' AND n % 4 = 1
                AND d.value = 'C1 > D' || n / 4 % 250
            """
        )
        cursor.execute(
            "SELECT 1 FROM information_schema.columns"
            " WHERE table_name = 'shopreco_item' AND column_name = 'shown_price'"
        )
        if cursor.fetchone():
            cursor.execute(
                "UPDATE shopreco_item SET shown_price = price, shown_currency = currency"
            )
        cursor.execute("VACUUM ANALYZE shopreco_item")
        cursor.execute("ANALYZE testapp_gadget")
