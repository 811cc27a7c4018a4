"""Events as a Parquet file, for what analyses them by the column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from shopreco.exceptions import ConfigurationError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 10_000
"""Rows of a row group: what is in memory at once."""


def write(events: Iterable[dict[str, Any]], file: BinaryIO) -> int:
    """Write events, as `exports.all_events` yields them, and return their number.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise ConfigurationError(
            "Parquet needs pyarrow: pip install 'shopreco[parquet]', or export JSON Lines."
        ) from error
    schema, number = _schema(pa), 0
    with ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _batches(events):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
            number += len(batch)
    return number


def _batches(events: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    waiting = iter(events)
    while batch := list(islice(waiting, BATCH)):
        yield [
            {
                **event,
                "time": datetime.fromisoformat(event["time"]),
                "arms": [*event.get("arms", {}).items()],
            }
            for event in batch
        ]


def _schema(pa: Any) -> pa.Schema:
    item = pa.struct(
        {
            "id": pa.string(),
            "quantity": pa.int64(),
            "price": pa.float64(),
            "position": pa.int64(),
        }
    )
    texts = dict.fromkeys(
        (
            *("name", "catalogue", "visitor", "user", "session", "page", "currency"),
            *("transaction_id", "query", "query_id", "rec_id", "placement", "consent", "source"),
            "sender",
        ),
        pa.string(),
    )
    return pa.schema(
        {
            "uuid": pa.string(),
            "time": pa.timestamp("us", tz="UTC"),
            **texts,
            "items": pa.list_(item),
            "value": pa.decimal128(16, 4),
            "total": pa.int64(),
            "propensity": pa.float64(),
            "arms": pa.map_(pa.string(), pa.string()),
            "is_bot": pa.bool_(),
            "is_agent": pa.bool_(),
        }
    )
