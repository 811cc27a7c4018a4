"""Plans: how PostgreSQL executes the statements of a search, by which indexes, at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from shopreco.db.routing import read_alias
from shopreco.db.statements import Statement, read_cursor

TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan. `depth` counts from 0 at the root."""

    depth: int
    text: str
    index: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one statement.

    index: the one that was made for this statement.
    uses_index: whether the plan has it.
    error: why there is no plan; empty if there is one.
    """

    label: str
    index: str = ""
    uses_index: bool = False
    steps: tuple[Step, ...] = ()
    milliseconds: str = ""
    error: str = ""


def explain(label: str, statement: Statement, index: str, *, measure: bool = False) -> Plan:
    """The plan of a retriever's statement; `measure` runs it too (EXPLAIN ANALYZE).

    Args:
        index: name of the index that was made for it.
    """
    alias = read_alias()
    options = "FORMAT JSON" + (", ANALYZE, BUFFERS" if measure else "")
    try:
        with transaction.atomic(using=alias), read_cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(TIMEOUT_MS)])
            cursor.execute(f"EXPLAIN ({options}) {statement.sql}", statement.params)
            (found,) = cursor.fetchone()
    except DatabaseError as error:
        return Plan(label, index, error=str(error).splitlines()[0])
    (root,) = found
    steps = tuple(_steps(root["Plan"], 0))
    passed = root.get("Execution Time")
    return Plan(
        label,
        index,
        any(step.index == index for step in steps),
        steps,
        number_format(passed, 2) if passed is not None else "",
    )


def _steps(node: dict[str, Any], depth: int) -> Iterator[Step]:
    kind, relation = node["Node Type"], node.get("Relation Name", "")
    index = node.get("Index Name", "")
    parts = [kind]
    if relation:
        parts.append(_("on %s") % relation)
    if index:
        parts.append(_("using %s") % index)
    if "Actual Rows" in node:
        loops = node.get("Actual Loops", 1)
        parts.append(
            _("(%(rows)s rows, %(time)s ms)")
            % {
                "rows": number_format(round(node["Actual Rows"] * loops), force_grouping=True),
                "time": number_format(node["Actual Total Time"] * loops, 2),
            }
        )
    else:
        rows = number_format(node["Plan Rows"], force_grouping=True)
        parts.append(_("(about %s rows)") % rows)
    yield Step(depth, " ".join(parts), index)
    for child in node.get("Plans", ()):
        yield from _steps(child, depth + 1)
