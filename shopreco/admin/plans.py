"""How PostgreSQL executes the statements of a search: which indexes it uses, at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connections, router, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from shopreco.models import Embedding
from shopreco.retrieval.matches import Statement

TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan. `depth` counts from 0 at the root."""

    depth: int
    text: str
    index: str
    whole_table: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one statement; `error` where there is none."""

    label: str
    steps: tuple[Step, ...] = ()
    milliseconds: str = ""
    error: str = ""
    indexes: tuple[str, ...] = field(default=())
    tables: tuple[str, ...] = field(default=())


def explain(label: str, statement: Statement, *, depth: int, measure: bool) -> Plan:
    """The plan of a retriever's statement; `measure` runs it too (EXPLAIN ANALYZE).

    Args:
        depth: how many rows an HNSW scan should reach, as the dense retriever sets it.
    """
    alias = router.db_for_read(Embedding)
    options = "FORMAT JSON" + (", ANALYZE, BUFFERS" if measure else "")
    try:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), "
                "set_config('statement_timeout', %s, true), "
                "set_config('hnsw.ef_search', %s, true), "
                "set_config('hnsw.iterative_scan', 'relaxed_order', true)",
                [str(TIMEOUT_MS), str(max(40, min(1000, depth)))],
            )
            before = cursor.fetchone()[0]
            cursor.execute(f"EXPLAIN ({options}) {statement.sql}", statement.params)
            (found,) = cursor.fetchone()
            # Within a transaction of the host's the timeout would outlive this block.
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except DatabaseError as error:
        return Plan(label, error=str(error).splitlines()[0])
    (root,) = found
    steps = tuple(_steps(root["Plan"], 0))
    passed = root.get("Execution Time")
    return Plan(
        label,
        steps,
        milliseconds=number_format(passed, 2) if passed is not None else "",
        indexes=tuple(dict.fromkeys(step.index for step in steps if step.index)),
        tables=tuple(step.text for step in steps if step.whole_table),
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
    yield Step(depth, " ".join(parts), index, kind == "Seq Scan")
    for child in node.get("Plans", ()):
        yield from _steps(child, depth + 1)
