"""Items: read what is known of a batch, write what changed, leave tombstones."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.db import connections, transaction

from shopreco.catalogues import ItemDocument
from shopreco.db.copy import delete_rows
from shopreco.db.routing import write_alias
from shopreco.indexing.batches import Batch, Failure
from shopreco.indexing.facet_codes import FacetCodes
from shopreco.models import Item, Outcome
from shopreco.spaces.stores import delete_embeddings
from shopreco.text.normalisation import typed_title

FIRST_RETRY, RETRIES_GROW_BY, LAST_RETRY = 60, 4, 24 * 3600
"""Seconds after which an item that failed is tried again: after 1, 4, 16 … minutes, at last once a
day."""


@dataclass(frozen=True, slots=True)
class KnownItem:
    id: int
    outcome: str
    failures: int
    group_id: int
    signature: str

    @property
    def is_well(self) -> bool:
        return self.outcome == Outcome.INDEXED and not self.failures


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A document that differs from the item that is stored, if one is."""

    document: ItemDocument
    signature: str


@dataclass(frozen=True, slots=True)
class Written:
    """Item ids by object id after a write, and of those that leave the index; how many rows it
    changed, and the groups that these belong and belonged to."""

    ids: dict[str, int]
    changed: int
    leaving: list[int]
    groups: frozenset[int]


def known(catalogue: str, object_ids: Sequence[str]) -> dict[str, KnownItem]:
    rows = (
        Item.objects.using(write_alias())
        .filter(catalogue=catalogue, object_id__in=object_ids)
        .values_list("object_id", "id", "outcome", "failures", "group_id", "hashes__document")
    )
    return {object_id: KnownItem(*rest) for object_id, *rest in rows}


def signature(document: ItemDocument) -> str:
    """One hash of all that the item's row holds: equal means nothing to write."""
    row = (
        document.title,
        document.language,
        document.site_id,
        document.parent_id,
        str(document.price),
        document.currency,
        document.available,
        sorted(document.facets.items()),
        sorted(document.audiences.items()),
        document.visible_from,
        document.visible_until,
        document.identifiers,
        document.added_at,
    )
    return blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def changed_rows(batch: Batch, before: Mapping[str, KnownItem]) -> list[ItemRow]:
    """What has to be written of a batch's documents."""
    rows = [ItemRow(document, signature(document)) for document in batch.documents.values()]
    return [
        row
        for row in rows
        if (item := before.get(row.document.object_id)) is None
        or item.signature != row.signature
        or not item.is_well
    ]


def write(
    catalogue: str,
    batch: Batch,
    before: dict[str, KnownItem],
    changed: Sequence[ItemRow],
    codes: FacetCodes,
    ours: set[str],
) -> Written:
    """Bring the item rows of a batch up to date, within the caller's transaction."""
    _lock(catalogue, ours)
    ids = {object_id: item.id for object_id, item in before.items()}
    rows = [row for row in changed if row.document.object_id in ours]
    ids.update(_upsert(rows, codes))
    ids.update(_note_failures(catalogue, batch.failed, ours))
    ids.update(_note(catalogue, batch.skipped, Outcome.SKIPPED, ours))
    gone = {o: "" for o in batch.gone if o in before}
    _note(catalogue, gone, Outcome.DELETED, ours)
    leaving = [
        before[o].id
        for o in [*batch.skipped, *gone]
        if o in ours and o in before and before[o].outcome in {Outcome.INDEXED, Outcome.FAILED}
    ]
    touched = [*(row.document.object_id for row in rows), *batch.failed, *batch.skipped, *gone]
    groups = {before[o].group_id for o in touched if o in before}
    groups |= {row.document.group_id for row in rows}
    return Written(ids, len(rows), leaving, frozenset(groups))


def show_prices(catalogue: str, groups: Collection[int]) -> None:
    """Give the rows of groups the price of what is shown for them: the product's own; where it has
    none or is not indexed, the lowest of its variants.

    Called after the transaction that changed the groups: of two workers that change the same group
    the one that comes last sees what both have written.
    """
    if not groups:
        return
    chosen: dict[str, Any] = {"catalogue": catalogue, "groups": sorted(groups)}
    with (
        transaction.atomic(using=write_alias()),
        connections[write_alias()].cursor() as cursor,
    ):
        # By a statement of its own, so that the next one sees what others committed meanwhile.
        cursor.execute(
            """
            SELECT id FROM shopreco_item
            WHERE catalogue = %(catalogue)s AND group_id = ANY(%(groups)s)
            ORDER BY id FOR NO KEY UPDATE
            """,
            chosen,
        )
        cursor.execute(
            """
            WITH shown AS (
                SELECT DISTINCT ON (group_id) group_id, price, currency FROM shopreco_item
                WHERE catalogue = %(catalogue)s AND group_id = ANY(%(groups)s)
                  AND outcome = 'indexed' AND price IS NOT NULL
                ORDER BY group_id, parent_id <> '', currency, price, id
            )
            UPDATE shopreco_item i
            SET shown_price = shown.price, shown_currency = coalesce(shown.currency, '')
            FROM shopreco_item g LEFT JOIN shown ON shown.group_id = g.group_id
            WHERE i.id = g.id AND g.catalogue = %(catalogue)s AND g.group_id = ANY(%(groups)s)
              AND (i.shown_price, i.shown_currency)
                IS DISTINCT FROM (shown.price, coalesce(shown.currency, ''))
            """,
            chosen,
        )


def wrongly_priced(catalogue: str) -> list[int]:
    """Groups of which some row has another price than that of what is shown: a worker died between
    writing them and `show_prices`."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            WITH shown AS (
                SELECT DISTINCT ON (group_id) group_id, price, currency FROM shopreco_item
                WHERE catalogue = %(catalogue)s AND outcome = 'indexed' AND price IS NOT NULL
                ORDER BY group_id, parent_id <> '', currency, price, id
            )
            SELECT DISTINCT i.group_id
            FROM shopreco_item i LEFT JOIN shown ON shown.group_id = i.group_id
            WHERE i.catalogue = %(catalogue)s AND (i.shown_price, i.shown_currency)
                IS DISTINCT FROM (shown.price, coalesce(shown.currency, ''))
            """,
            {"catalogue": catalogue},
        )
        return [group for (group,) in cursor.fetchall()]


def _lock(catalogue: str, object_ids: Collection[str]) -> None:
    """Lock the rows that a batch may write, in the order in which `show_prices` locks those of a
    group: neither can wait for the other in a circle."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM shopreco_item WHERE catalogue = %s AND object_id = ANY(%s)
            ORDER BY id FOR NO KEY UPDATE
            """,
            [catalogue, list(object_ids)],
        )


def _upsert(rows: Sequence[ItemRow], codes: FacetCodes) -> dict[str, int]:
    if not rows:
        return {}
    columns = list(
        zip(
            *(
                (
                    d.catalogue,
                    d.object_id,
                    d.title,
                    typed_title(d.title),
                    d.main_language,
                    d.site_id,
                    d.parent_id,
                    d.group_id,
                    d.price,
                    d.currency,
                    d.available,
                    _literal(codes[n, v] for n, values in d.facets.items() for v in values),
                    "\x1f".join(d.identifiers),
                    d.added_at,
                    d.visible_from,
                    d.visible_until,
                    _literal(codes[n, v] for n, values in d.audiences.items() for v in values),
                    json.dumps({"document": row.signature}),
                )
                for row in sorted(rows, key=lambda row: row.document.object_id)
                for d in [row.document]
            ),
            strict=True,
        )
    )
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_item
                (catalogue, object_id, title, typed_title, language, site_id, parent_id,
                 group_id, price, currency, available, facet_codes, identifiers, added_at,
                 visible_from, visible_until, visibility_codes, hashes, shown_price, shown_currency,
                 media_problems, outcome, reason, failures, indexed_at)
            SELECT catalogue, object_id, title, typed_title, language, site_id, parent_id, group_id,
                   price, currency, available, facet_codes::bigint[],
                   string_to_array(identifiers, E'\\x1f'), added_at, visible_from,
                   visible_until, visibility_codes::bigint[], hashes, price,
                   CASE WHEN price IS NULL THEN '' ELSE currency END, '{}', 'indexed', '', 0, now()
            FROM unnest(
                %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[],
                %s::bigint[], %s::numeric[], %s::text[], %s::bool[], %s::text[], %s::text[],
                %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::jsonb[]
            ) AS t (catalogue, object_id, title, typed_title, language, site_id, parent_id,
                    group_id, price, currency, available, facet_codes, identifiers, added_at,
                    visible_from, visible_until, visibility_codes, hashes)
            ON CONFLICT (catalogue, object_id) DO UPDATE SET
                title = EXCLUDED.title, typed_title = EXCLUDED.typed_title,
                language = EXCLUDED.language, site_id = EXCLUDED.site_id,
                parent_id = EXCLUDED.parent_id, group_id = EXCLUDED.group_id,
                price = EXCLUDED.price, currency = EXCLUDED.currency,
                available = EXCLUDED.available, facet_codes = EXCLUDED.facet_codes,
                identifiers = EXCLUDED.identifiers, added_at = EXCLUDED.added_at,
                visible_from = EXCLUDED.visible_from, visible_until = EXCLUDED.visible_until,
                visibility_codes = EXCLUDED.visibility_codes,
                hashes = EXCLUDED.hashes,
                outcome = EXCLUDED.outcome, reason = '', failures = 0, retry_at = NULL,
                indexed_at = now()
            RETURNING object_id, id
            """,
            [list(column) for column in columns],
        )
        return dict(cursor.fetchall())


def note_media(
    ids: Mapping[str, int], problems: Mapping[str, Mapping[str, Mapping[str, str] | None]]
) -> None:
    """Record why pictures and videos are not used: reasons by object id, modality and file name;
    None instead of reasons clears those of a modality."""
    if not problems:
        return
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            UPDATE shopreco_item i
            SET media_problems = jsonb_strip_nulls(i.media_problems || t.problems)
            FROM unnest(%s::bigint[], %s::jsonb[]) AS t (id, problems)
            WHERE i.id = t.id AND jsonb_strip_nulls(i.media_problems || t.problems)
                <> i.media_problems
            """,
            [[ids[o] for o in problems], [json.dumps(each) for each in problems.values()]],
        )


def _literal(numbers: Iterable[int]) -> str:
    """An array as text: rows of arrays of different lengths cannot be one parameter."""
    return f"{{{','.join(map(str, numbers))}}}"


def _note(
    catalogue: str, reasons: dict[str, str], outcome: Outcome, ours: set[str]
) -> dict[str, int]:
    """Record an outcome other than indexed; the filter columns keep what they had."""
    return _record(
        catalogue,
        {o: (reason, outcome.value, 0, None) for o, reason in reasons.items() if o in ours},
        "outcome = EXCLUDED.outcome, failures = 0, retry_at = NULL",
    )


def _note_failures(catalogue: str, failed: Mapping[str, Failure], ours: set[str]) -> dict[str, int]:
    """Record that an attempt failed. What is indexed stays so, in its last good state."""
    return _record(
        catalogue,
        {
            o: (failure.reason, Outcome.FAILED.value, 1, None if failure.is_final else FIRST_RETRY)
            for o, failure in failed.items()
            if o in ours
        },
        f"""
        outcome = CASE i.outcome WHEN 'indexed' THEN i.outcome ELSE EXCLUDED.outcome END,
        failures = least(i.failures + 1, 32767),
        retry_at = now() + (EXCLUDED.retry_at - now())
            * least(power({RETRIES_GROW_BY}, least(i.failures, 10)), {LAST_RETRY / FIRST_RETRY})
        """,
    )


def _record(
    catalogue: str, rows: Mapping[str, tuple[str, str, int, int | None]], update: str
) -> dict[str, int]:
    """Write down what is no document, by object id: reason, outcome, failures, and seconds until it
    is tried again."""
    if not rows:
        return {}
    ids = sorted(rows)
    columns = zip(*(rows[o] for o in ids), strict=True)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO shopreco_item AS i
                (catalogue, object_id, title, language, parent_id, group_id, currency, available,
                 facet_codes, identifiers, hashes, media_problems, outcome, reason, failures,
                 retry_at)
            SELECT %s, object_id, '', '', '', 0, '', false, '{{}}', '{{}}', '{{}}', '{{}}', outcome,
                reason, failures, now() + make_interval(secs => seconds)
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::float8[])
                AS t (object_id, reason, outcome, failures, seconds)
            ON CONFLICT (catalogue, object_id) DO UPDATE SET reason = EXCLUDED.reason, {update}
            RETURNING object_id, id
            """,
            [catalogue, ids, *map(list, columns)],
        )
        return dict(cursor.fetchall())


def due(catalogue: str) -> list[str]:
    """Objects that failed, and are tried again now; each is told once."""
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            UPDATE shopreco_item SET retry_at = NULL WHERE id IN (
                SELECT id FROM shopreco_item WHERE catalogue = %s AND retry_at <= now()
                ORDER BY id FOR UPDATE SKIP LOCKED
            ) RETURNING object_id
            """,
            [catalogue],
        )
        return [object_id for (object_id,) in cursor.fetchall()]


def clear(item_ids: Iterable[int]) -> None:
    """Take the vectors of items out of every space; their rows stay behind."""
    gone = list(item_ids)
    if gone:
        delete_embeddings(gone)
        delete_rows("shopreco_modalityvector", gone)
