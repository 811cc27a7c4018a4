"""Data readiness: which blocks have enough data, and what is wrong with the events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shopreco import services
from shopreco.admin.appearance import EMPTY, badge
from shopreco.admin.index.bars import percent
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.catalogues import get_catalogues

UNITS = {
    "orders": gettext_lazy("%(has)s of %(needs)s orders"),
    "visitors": gettext_lazy("%(has)s of %(needs)s visitors"),
    "views": gettext_lazy("%(has)s of %(needs)s views of products in three months"),
    "recent views": gettext_lazy("%(has)s of %(needs)s views of products in four days"),
}
"""How much there is of what a source is made of."""


@dataclass(frozen=True, slots=True)
class Row:
    """A block with one of its sources, as the page shows it."""

    placement: str
    source: str
    state: SafeString
    amount: str
    width: int
    instead: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the page shows of one catalogue."""

    catalogue: str
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    mined: str


def view(page: ShopRecoAdmin, request: HttpRequest) -> HttpResponse:
    """The page, with a part for each catalogue."""
    labels = services.source_labels()
    reports = [_report(services.data_readiness(each.name), labels) for each in get_catalogues()]
    context = page.page_context(request, title=_("Data readiness"), reports=reports)
    return TemplateResponse(request, "admin/shopreco/readiness.html", context)


def _report(found: services.DataReadiness, labels: dict[str, str]) -> Report:
    mined_at = found.faults.mined_at
    return Report(
        found.catalogue,
        tuple(_row(each, labels) for each in found.blocks),
        tuple(_warnings(found)),
        date_format(localtime(mined_at), "DATETIME_FORMAT") if mined_at else "",
    )


def _row(block: services.BlockReadiness, labels: dict[str, str]) -> Row:
    source = block.source
    amount = {"has": _number(source.has), "needs": _number(source.needs)}
    return Row(
        placement=block.placement or EMPTY,
        source=labels.get(source.source, source.source),
        state=badge("indexed", _("enough")) if source.is_ready else badge("skipped", _("too few")),
        amount=str(UNITS[source.unit]) % amount,
        width=percent(source.has / source.needs),
        instead=", ".join(labels.get(each, each) for each in block.instead) or EMPTY,
    )


def _warnings(found: services.DataReadiness) -> Iterator[str]:
    """What is wrong with the events, each with its fix."""
    faults = found.faults
    if faults.mined_at is None:
        yield _(
            "Events were never mined: run Celery's beat with the schedule of "
            "shopreco.tasks.beat_schedule."
        )
    for name, number in faults.unknown_names.items():
        yield format_html(
            _("{}: nothing here understands events of this name ({}). See the names of events."),
            name,
            _number(number),
        )
    for twice in found.double_senders:
        yield format_html(
            _(
                "{}: {} and {} send the same event, and it counts twice ({}). Switch one of them "
                "off."
            ),
            twice.name,
            *twice.senders,
            _number(twice.events),
        )
    if faults.browser_purchases:
        yield format_html(
            _(
                "Purchases that only browsers report do not count ({}): report them by "
                "services.track where an order is paid."
            ),
            _number(faults.browser_purchases),
        )
    if faults.unknown_items:
        yield format_html(
            _(
                "Events name products that the index does not have ({}): send the keys of your "
                "model."
            ),
            _number(faults.unknown_items),
        )
    if faults.large_baskets:
        yield format_html(
            _("Orders of very many products do not say which go together ({})."),
            _number(faults.large_baskets),
        )


def _number(number: int) -> str:
    return number_format(number, force_grouping=True)
