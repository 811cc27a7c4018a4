"""Plans as the search console shows them: what PostgreSQL does, step by step, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco import services

LABELS = {"dense": gettext_lazy("By meaning"), "lexical": gettext_lazy("By words")}
"""By retriever."""


@dataclass(frozen=True, slots=True)
class Step:
    """One node of a plan, as the page has it. `depth` counts from 0 at the root."""

    depth: int
    text: str
    index: str


@dataclass(frozen=True, slots=True)
class PlanText:
    """A plan, as the page has it."""

    plan: services.Plan
    label: str
    steps: tuple[Step, ...]
    milliseconds: str


def described(plan: services.Plan) -> PlanText:
    passed = plan.milliseconds
    return PlanText(
        plan,
        str(LABELS.get(plan.retriever, plan.retriever)),
        tuple(Step(node.depth, _text(node), node.index) for node in plan.nodes),
        number_format(passed, 2) if passed is not None else "",
    )


def _text(node: services.PlanNode) -> str:
    parts = [node.kind]
    if node.relation:
        parts.append(_("on %s") % node.relation)
    if node.index:
        parts.append(_("using %s") % node.index)
    rows = number_format(node.rows, force_grouping=True)
    if node.milliseconds is None:
        parts.append(_("(about %s rows)") % rows)
    else:
        passed = number_format(node.milliseconds, 2)
        parts.append(_("(%(rows)s rows, %(time)s ms)") % {"rows": rows, "time": passed})
    return " ".join(parts)
