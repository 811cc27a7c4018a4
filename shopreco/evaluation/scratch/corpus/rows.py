"""The rows of the scratch shop, read from the file of a data set."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db import connection, transaction

from shopreco.encoders.base import fingerprint_of
from shopreco.evaluation.datasets.beir import Document, fingerprint, read_corpus
from shopreco.evaluation.scratch.corpus.models import CorpusProduct, LoadedCorpus

TABLE = CorpusProduct._meta.db_table
FULL_TEXT_CONFIGURATION = "english"
WORDED_FIELDS = ("title", "text", "brand")
"""Fields that the baselines search. With weights, or with attributes too, they rank worse."""


def load_corpus(path: Path, limit: int | None = None, hidden: Collection[str] = ()) -> bool:
    """Fill the table from the first `limit` documents of a file. True if it had to be filled.

    hidden: ids of documents of which only the picture is loaded.

    Raises:
        DatasetError: the file is malformed; the table is left as it was.
    """
    mark = fingerprint_of(fingerprint(path), *sorted(hidden)) if hidden else fingerprint(path)
    documents = islice(read_corpus(path), limit)
    products = (_product(each, path.parent, hidden=each.id in hidden) for each in documents)
    return fill_corpus(mark, products, limit)


def fill_corpus(mark: str, products: Iterable[CorpusProduct], limit: int | None = None) -> bool:
    """Fill the table, unless it holds what `mark` stands for. True if it had to be filled.

    Raises whatever the products raise; the table is left as it was.
    """
    wanted = {"fingerprint": mark, "limit": limit}
    if LoadedCorpus.objects.filter(**wanted).exists():
        return False
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Not by the ORM, whose signals would mark every single product for indexing.
            cursor.execute(f"TRUNCATE {TABLE}")
        CorpusProduct.objects.bulk_create(products, batch_size=2_000)
        CorpusProduct.objects.update(
            search_vector=SearchVector(*WORDED_FIELDS, config=FULL_TEXT_CONFIGURATION)
        )
        LoadedCorpus.objects.all().delete()
        LoadedCorpus.objects.create(**wanted)
    vacuum(TABLE)
    return True


def vacuum(*tables: str) -> None:
    """Merge pending GIN entries and refresh statistics, as autovacuum would have in a shop."""
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(tables)}")


def _product(document: Document, folder: Path, *, hidden: bool) -> CorpusProduct:
    image = str(folder.resolve() / document.image) if document.image else ""
    if hidden:
        return CorpusProduct(id=document.id, image=image)
    metadata = document.metadata
    attributes = metadata.get("attributes")
    identifiers = [metadata.get(key) for key in ("sku", "ean", "gtin", "mpn")]
    return CorpusProduct(
        id=document.id,
        title=document.title,
        text=document.text,
        brand=_clean(metadata.get("brand")) or "",
        price=_amount(metadata.get("price")),
        attributes=_clean(attributes) if isinstance(attributes, dict) else {},
        identifiers=[str(one) for each in identifiers for one in _listed(each)],
        image=image,
    )


def _clean(value: Any) -> Any:
    """Remove NUL, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_clean(key): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


def _amount(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _listed(value: Any) -> Iterable[Any]:
    if value is None or value == "":
        return ()
    return value if isinstance(value, list) else (value,)
