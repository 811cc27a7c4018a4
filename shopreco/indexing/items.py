"""Item rows: read what is known of a batch, write what changed, leave tombstones."""

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
from shopreco.indexing.batches import Entry, Failure, Gone, KnownItem, Skipped
from shopreco.indexing.facet_codes import FacetCodes
from shopreco.models import Item, Outcome
from shopreco.spaces.stores import delete_embeddings
from shopreco.text.normalisation import typed_title

FIRST_RETRY, RETRIES_GROW_BY, LAST_RETRY = 60, 4, 24 * 3600
"""Seconds after which an item that failed is tried again: after 1, 4, 16 … minutes, at last once a
day."""
IN_THE_INDEX = {Outcome.INDEXED, Outcome.FAILED}
"""Outcomes of items that may have vectors and words."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did to items.

    ids: by object id. changed: number of rows with a document. leaving: ids of the items that leave
    the index. groups: those that the items belong to, and those that they belonged to.
    """

    ids: dict[str, int]
    changed: int
    leaving: list[int]
    groups: frozenset[int]


def known(catalogue: str, object_ids: Sequence[str]) -> dict[str, KnownItem]:
    """The stored items of objects, by object id."""
    rows = (
        Item.objects.using(write_alias())
        .filter(catalogue=catalogue, object_id__in=object_ids)
        .values_list("object_id", "id", "outcome", "failures", "group_id", "hashes__document")
    )
    return {object_id: KnownItem(*rest) for object_id, *rest in rows}


def signature(document: ItemDocument) -> str:
    """A hash of all that the item's row holds. If it is equal there is nothing to write."""
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


def write(catalogue: str, entries: Sequence[Entry], codes: FacetCodes) -> Written:
    """Bring the item rows of entries up to date, within the caller's transaction."""
    _lock(catalogue, [entry.object_id for entry in entries])
    changed = [entry for entry in entries if entry.is_changed]
    gone = [e for e in entries if isinstance(e.reading, Gone) and e.known is not None]
    failed = {e.object_id: e.reading for e in entries if isinstance(e.reading, Failure)}
    skipped = {e.object_id: e.reading.reason for e in entries if isinstance(e.reading, Skipped)}
    ids = {entry.object_id: entry.known.id for entry in entries if entry.known is not None}
    ids |= _upsert(changed, codes)
    ids |= _note_failures(catalogue, failed)
    ids |= _note(catalogue, skipped, Outcome.SKIPPED)
    _note(catalogue, {entry.object_id: "" for entry in gone}, Outcome.DELETED)
    leaving = [
        entry.known.id
        for entry in entries
        if entry.leaves and entry.known is not None and entry.known.outcome in IN_THE_INDEX
    ]
    touched = [e for e in entries if e.is_changed or e.document is None]
    groups = {entry.known.group_id for entry in touched if entry.known is not None}
    groups |= {document.group_id for e in changed if (document := e.document)}
    return Written(ids, len(changed), leaving, frozenset(groups))


def show_prices(catalogue: str, groups: Collection[int]) -> None:
    """Give the rows of groups the price that is shown for them.

    It is the product's own. Where it has none or is not indexed, it is the lowest of its variants.

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
    """Groups with a row whose shown price is out of date.

    A worker died between writing them and `show_prices`.
    """
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
    """Lock the rows that a batch may write, in the order in which `show_prices` locks a group's.

    So neither can wait for the other in a circle.
    """
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM shopreco_item WHERE catalogue = %s AND object_id = ANY(%s)
            ORDER BY id FOR NO KEY UPDATE
            """,
            [catalogue, list(object_ids)],
        )


def _upsert(entries: Sequence[Entry], codes: FacetCodes) -> dict[str, int]:
    if not entries:
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
                    json.dumps({"document": entry.signature}),
                )
                for entry in sorted(entries, key=lambda entry: entry.object_id)
                if (d := entry.document)
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
    """Record why images and videos are not used: reasons by object id, modality and file name.

    None instead of reasons clears those of a modality.
    """
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


def _note(catalogue: str, reasons: Mapping[str, str], outcome: Outcome) -> dict[str, int]:
    """Record an outcome other than indexed; the filter columns keep what they had."""
    return _record(
        catalogue,
        {o: (reason, outcome.value, 0, None) for o, reason in reasons.items()},
        "outcome = EXCLUDED.outcome, failures = 0, retry_at = NULL",
    )


def _note_failures(catalogue: str, failed: Mapping[str, Failure]) -> dict[str, int]:
    """Record that an attempt failed. What is indexed stays so, in its last good state."""
    return _record(
        catalogue,
        {
            o: (failure.reason, Outcome.FAILED.value, 1, None if failure.is_final else FIRST_RETRY)
            for o, failure in failed.items()
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
    """Record objects without a document, by object id.

    rows: reason, outcome, failures, and seconds until it is tried again.
    """
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
    """Objects that failed and are due to be tried again; each is returned once."""
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
    """Delete the vectors of items in every space; their rows stay."""
    gone = list(item_ids)
    if gone:
        delete_embeddings(gone)
        delete_rows("shopreco_modalityvector", gone)
        delete_rows("shopreco_propagatedvector", gone)
