"""Thousands of objects and their items, written by SQL as the index would write them."""

from __future__ import annotations

from django.db import connection
from django.db.models import Model

from shopreco.models import Embedding, Item, LexicalEntry, ModalityVector
from tests.helpers.index import GADGET, item_of


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


def copy(obj: Model, number: int, *, vectors: bool = False, **different: str) -> None:
    """So many copies of an indexed object, each with an item and the words of the original.

    vectors: whether they have its vectors too. different: values that a copy has of its own, SQL
    over its number `n` by column of the object.
    """
    model, item, last = type(obj), item_of(obj), Item.objects.latest("pk").pk
    new = copies(model, f"generate_series(1, {number:d}) n", id="gen_random_uuid()", **different)
    group = "hashtextextended(made.id::text, 0)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH made AS ({new} WHERE t.id = %s RETURNING id) "
            f"{copies(Item, 'made', object_id='made.id', group_id=group)} WHERE t.id = %s",
            [obj.pk, item.pk],
        )
        for table in (LexicalEntry, Embedding, ModalityVector) if vectors else (LexicalEntry,):
            rows = copies(table, "shopreco_item made", item_id="made.id", group_id="made.group_id")
            cursor.execute(f"{rows} WHERE t.item_id = %s AND made.id > %s", [item.pk, last])


def add_brands(number: int) -> None:
    """So many brands of two items each. They are counted, not shown: there are no gadgets."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_facetcode (catalogue, name, value, key)
            SELECT %(catalogue)s, 'brand', 'Brand ' || n, 'brand ' || n
            FROM generate_series(1, %(number)s) n
            """,
            {"catalogue": GADGET, "number": number},
        )
        codes = "ARRAY[f.id::bigint << 32 | v.id]"
        key = "gen_random_uuid()"
        cursor.execute(
            f"""
            {
                copies(
                    Item,
                    "shopreco_facetcode f, shopreco_facetcode v, generate_series(1, 2)",
                    object_id=key,
                    group_id="hashtextextended(v.value, 0)",
                    facet_codes=codes,
                )
            }
            WHERE t.id = %s AND f.name = 'brand' AND f.value = ''
                AND v.name = 'brand' AND v.value LIKE 'Brand %%'
            """,
            [Item.objects.latest("pk").pk],
        )


def copies(model: type[Model], beside: str, **different: str) -> str:
    """SQL that inserts the rows `t` of a model once more, for every row beside them.

    different: SQL of what is not as in the original, by column.
    """
    table = model._meta.db_table
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not field.generated and not field.get_internal_type().endswith("AutoField")
    ]
    values = ", ".join(different.get(column, f"t.{column}") for column in columns)
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} t, {beside}"
