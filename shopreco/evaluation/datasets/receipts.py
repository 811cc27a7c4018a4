"""Receipts of a shop: a CSV file of invoice lines, plain or gzip, in the columns of UCI's "Online
Retail" (Chen, Sain and Guo 2012).

Lines that are no purchase of a product by a known customer are left out: cancelled ones, those
without customer, and codes such as POST or BANK CHARGES.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shopreco.evaluation.datasets.beir import DatasetError, numbered_lines
from shopreco.evaluation.datasets.interactions import Interaction

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "CustomerID")
PRODUCT = re.compile(r"\d{5,}[A-Z]*")
"""Codes of products: a number, perhaps with letters for the variant."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """What customers bought. titles: the most common description of each product, by code."""

    interactions: list[Interaction]
    titles: Mapping[str, str]

    @classmethod
    def read(cls, path: Path) -> Receipts:
        """All lines of one invoice have its first time.

        Raises:
            DatasetError: the file is malformed, or has no purchase.
        """
        lines: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        times: dict[str, float] = {}
        titles: dict[str, Counter[str]] = defaultdict(Counter)
        for invoice, code, title, time, customer in _purchases(path):
            times[invoice] = min(time, times.get(invoice, time))
            lines[invoice][customer, code] = None
            titles[code][title] += bool(title)
        if not lines:
            raise DatasetError(f"{path} has no purchase of a product by a known customer.")
        interactions = [
            (customer, code, times[invoice])
            for invoice, bought in lines.items()
            for customer, code in bought
        ]
        return cls(interactions, {code: each.most_common(1)[0][0] for code, each in titles.items()})


def _purchases(path: Path) -> Iterator[tuple[str, str, str, float, str]]:
    """Invoice, code, title, time and customer of each purchase."""
    rows = csv.DictReader((f"{line}\n" for _number, line in numbered_lines(path)), strict=True)
    try:
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise DatasetError(f"{path}:1: no column {', '.join(missing)}.")
        for row in rows:
            invoice, code, title, quantity, date, customer = (
                (row[name] or "").strip() for name in COLUMNS
            )
            code = code.upper()
            cancelled = invoice.upper().startswith("C") or float(quantity) <= 0
            if not cancelled and customer and PRODUCT.fullmatch(code):
                time = datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()
                yield invoice, code, title, time, customer
    except (csv.Error, ValueError) as error:
        raise DatasetError(f"{path}:{rows.line_num}: {error}.") from None
