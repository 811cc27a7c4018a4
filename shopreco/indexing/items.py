"""Items: read what is known of a batch, write what changed, leave tombstones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.db import connections

from shopreco.catalogues import ItemDocument
from shopreco.indexing.batches import Batch
from shopreco.indexing.facets import FacetCodes
from shopreco.indexing.lexicon import remove_entries
from shopreco.indexing.outbox import outbox_database
from shopreco.indexing.tables import delete_rows
from shopreco.models import EmbeddingSpace, Item, Outcome
from shopreco.text import detect_language


@dataclass(frozen=True, slots=True)
class KnownItem:
    id: int
    outcome: str
    signature: str


@dataclass(frozen=True, slots=True)
class Row:
    """A document that differs from the item that is stored, if one is."""

    document: ItemDocument
    signature: str


@dataclass(frozen=True, slots=True)
class Written:
    """Item ids by object id after a write, and how many rows it changed and took out."""

    ids: dict[str, int]
    changed: int
    removed: int


def known(catalogue: str, object_ids: Sequence[str]) -> dict[str, KnownItem]:
    rows = (
        Item.objects.using(outbox_database())
        .filter(catalogue=catalogue, object_id__in=object_ids)
        .values_list("object_id", "id", "outcome", "hashes__document")
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
        document.identifiers,
        document.added_at,
    )
    return blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def changed_rows(batch: Batch, before: Mapping[str, KnownItem]) -> list[Row]:
    """What has to be written of a batch's documents."""
    rows = [Row(document, signature(document)) for document in batch.documents.values()]
    return [
        row
        for row in rows
        if (item := before.get(row.document.object_id)) is None
        or item.signature != row.signature
        or item.outcome != Outcome.INDEXED
    ]


def write(
    catalogue: str,
    batch: Batch,
    before: dict[str, KnownItem],
    changed: Sequence[Row],
    codes: FacetCodes,
    ours: set[str],
) -> Written:
    """Bring the item rows of a batch up to date, within the caller's transaction."""
    ids = {object_id: item.id for object_id, item in before.items()}
    rows = [row for row in changed if row.document.object_id in ours]
    ids.update(_upsert(rows, codes))
    ids.update(_note(catalogue, batch.failed, Outcome.FAILED, ours))
    ids.update(_note(catalogue, batch.skipped, Outcome.SKIPPED, ours))
    gone = {o: "" for o in batch.gone if o in before}
    _note(catalogue, gone, Outcome.DELETED, ours)
    leaving = [
        before[o].id
        for o in [*batch.skipped, *gone]
        if o in ours and o in before and before[o].outcome in {Outcome.INDEXED, Outcome.FAILED}
    ]
    _clear(catalogue, leaving)
    return Written(ids, changed=len(rows), removed=len(leaving))


def _upsert(rows: Sequence[Row], codes: FacetCodes) -> dict[str, int]:
    if not rows:
        return {}
    columns = list(
        zip(
            *(
                (
                    d.catalogue,
                    d.object_id,
                    d.title,
                    d.language or detect_language(d.passage),
                    d.site_id,
                    d.parent_id,
                    d.group_id,
                    d.price,
                    d.currency,
                    d.available,
                    _literal(codes[n, v] for n, values in d.facets.items() for v in values),
                    "\x1f".join(d.identifiers),
                    d.added_at,
                    json.dumps({"document": row.signature}),
                )
                for row in sorted(rows, key=lambda row: row.document.object_id)
                for d in [row.document]
            ),
            strict=True,
        )
    )
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_item
                (catalogue, object_id, title, language, site_id, parent_id, group_id, price,
                 currency, available, facet_codes, identifiers, added_at, hashes, media_problems,
                 outcome, reason, indexed_at)
            SELECT catalogue, object_id, title, language, site_id, parent_id, group_id, price,
                   currency, available, facet_codes::bigint[],
                   string_to_array(identifiers, E'\\x1f'), added_at, hashes,
                   '{}', 'indexed', '', now()
            FROM unnest(
                %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::bigint[],
                %s::numeric[], %s::text[], %s::bool[], %s::text[], %s::text[],
                %s::timestamptz[], %s::jsonb[]
            ) AS t (catalogue, object_id, title, language, site_id, parent_id, group_id, price,
                    currency, available, facet_codes, identifiers, added_at, hashes)
            ON CONFLICT (catalogue, object_id) DO UPDATE SET
                title = EXCLUDED.title, language = EXCLUDED.language, site_id = EXCLUDED.site_id,
                parent_id = EXCLUDED.parent_id, group_id = EXCLUDED.group_id,
                price = EXCLUDED.price, currency = EXCLUDED.currency,
                available = EXCLUDED.available, facet_codes = EXCLUDED.facet_codes,
                identifiers = EXCLUDED.identifiers, added_at = EXCLUDED.added_at,
                hashes = EXCLUDED.hashes,
                outcome = EXCLUDED.outcome, reason = '', indexed_at = now()
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
    with connections[outbox_database()].cursor() as cursor:
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
    chosen = sorted(o for o in reasons if o in ours)
    if not chosen:
        return {}
    with connections[outbox_database()].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO shopreco_item
                (catalogue, object_id, title, language, parent_id, group_id, currency, available,
                 facet_codes, identifiers, hashes, media_problems, outcome, reason)
            SELECT %s, object_id, '', '', '', 0, '', false, '{}', '{}', '{}', '{}', %s, reason
            FROM unnest(%s::text[], %s::text[]) AS t (object_id, reason)
            ON CONFLICT (catalogue, object_id) DO UPDATE
            SET outcome = EXCLUDED.outcome, reason = EXCLUDED.reason
            RETURNING object_id, id
            """,
            [catalogue, outcome.value, chosen, [reasons[o] for o in chosen]],
        )
        return dict(cursor.fetchall())


def _clear(catalogue: str, item_ids: Iterable[int]) -> None:
    """Take items out of every space; their rows stay behind."""
    gone = list(item_ids)
    if gone:
        for space in EmbeddingSpace.objects.using(outbox_database()).filter(catalogue=catalogue):
            remove_entries(space, gone)
        delete_rows("shopreco_embedding", gone)
        delete_rows("shopreco_modalityvector", gone)
