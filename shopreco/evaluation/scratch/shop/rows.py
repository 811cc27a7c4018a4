"""Rows for the generated shop, made by SQL: the same for the same numbers on every machine."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from shopreco.evaluation.scratch.shop.models import Brand, Category, Product

BRANDS: Final = 500
ROOTS: Final = 5
LEAVES: Final = 200
FAMILY: Final = 10
"""Products in a row of which the last three are variants of the one before them."""

ADJECTIVES: Final = (
    "Small", "Large", "Round", "Folding", "Plain", "Striped", "Heavy", "Light", "Old", "Classic",
)  # fmt: skip
MATERIALS: Final = (
    "oak", "brass", "steel", "linen", "glass", "wool", "bamboo", "marble", "leather", "cork",
)  # fmt: skip
NOUNS: Final = (
    "table lamp", "desk lamp", "floor rug", "dining chair", "garden bench", "tea kettle", "shelf",
    "storage box", "cushion cover", "coat rack", "mirror", "vase", "curtain", "bed frame",
    "door mat", "candle holder", "side table", "stool", "tray", "clock",
)  # fmt: skip
COLOURS: Final = ("red", "blue", "green", "black", "white", "grey", "brown", "yellow")

TABLES: Final = tuple(
    model._meta.db_table for model in (Brand, Category, Product, Product.categories.through)
)

SHARE: Final = """
    CREATE OR REPLACE FUNCTION pg_temp.share(number bigint, seed int) RETURNS float8 LANGUAGE sql
    RETURN abs(hashint8extended(number, seed) % 1000000) / 1000000.0
"""
"""A function: a number from 0 to below 1 that looks random and is always the same."""


def fill_shop(products: int, *, of_first_brand: int = 0) -> bool:
    """Make a shop with so many products, unless it is there. True if it had to be made.

    A few brands and categories have most of the products, prices are mostly low, one in twenty
    has none, three in ten products are variants, one in seven is in two categories.

    of_first_brand: so many products, the first, are all of the first brand.
    """
    if Product.objects.count() == products:
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY CASCADE")
        cursor.execute(SHARE)
        cursor.execute(
            "INSERT INTO shopreco_shop_brand (name) "
            "SELECT 'Brand ' || n FROM generate_series(1, %s) AS n",
            [BRANDS],
        )
        cursor.execute(
            """
            INSERT INTO shopreco_shop_category (path)
            SELECT 'Department ' || n %% %s || ' > Range ' || n / 10 || ' > Shelf ' || n
            FROM generate_series(0, %s) AS n
            """,
            [ROOTS, LEAVES - 1],
        )
        cursor.execute(
            """
            INSERT INTO shopreco_shop_product (id, sku, title, description, brand_id, parent_id,
                attributes, price, stock, active, created, updated)
            SELECT md5('product ' || n)::uuid, 'SKU-' || n,
                (%(adjectives)s::text[])[1 + n / 2 %% 10] || ' ' ||
                (%(materials)s::text[])[1 + n / 3 %% 10] || ' ' ||
                (%(nouns)s::text[])[1 + n / 10 %% 20] || ' No. ' || n,
                'A ' || (%(nouns)s::text[])[1 + n / 10 %% 20] || ' of ' ||
                (%(materials)s::text[])[1 + n / 3 %% 10] || ' for every home, made by hand.',
                CASE WHEN n <= %(first)s THEN 1
                    ELSE 1 + floor(%(brands)s * power(pg_temp.share(n, 1), 2)) END,
                CASE WHEN n %% %(family)s > %(family)s - 4
                    THEN md5('product ' || n / %(family)s * %(family)s + %(family)s - 4)::uuid END,
                jsonb_build_object(
                    'colour', (%(colours)s::text[])[1 + n %% 8], 'width', 10 + n %% 90),
                CASE WHEN n %% 20 > 0
                    THEN round((3 + 2000 * power(pg_temp.share(n, 2), 3))::numeric, 2)
                    END,
                n %% 7, true, now() - n * interval '1 minute', now()
            FROM generate_series(1::bigint, %(products)s) AS n
            """,
            {
                "adjectives": list(ADJECTIVES),
                "materials": list(MATERIALS),
                "nouns": list(NOUNS),
                "colours": list(COLOURS),
                "brands": BRANDS,
                "family": FAMILY,
                "first": of_first_brand,
                "products": products,
            },
        )
        for seed, every in ((3, 1), (4, 7)):
            cursor.execute(
                """
                INSERT INTO shopreco_shop_product_categories (product_id, category_id)
                SELECT md5('product ' || n)::uuid,
                    1 + floor(%s * power(pg_temp.share(n, %s), 2))
                FROM generate_series(1::bigint, %s) AS n WHERE n %% %s = 0
                ON CONFLICT DO NOTHING
                """,
                [LEAVES, seed, products, every],
            )
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
    return True
