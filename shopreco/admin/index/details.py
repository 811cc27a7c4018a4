"""Details of an item: its object, its filters, its place in every space, its words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Exists, OuterRef
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shopreco import services
from shopreco.admin.appearance import EMPTY, badge
from shopreco.admin.index.bars import Bar, bars_of
from shopreco.admin.links import change_page, shop_page
from shopreco.catalogues import get_catalogue
from shopreco.exceptions import ConfigurationError
from shopreco.models import (
    Embedding,
    EmbeddingSpace,
    Item,
    LexicalEntry,
    LexiconTerm,
    ModalityVector,
)
from shopreco.models.lexicon import EVERY_ITEM
from shopreco.text import inverse_document_frequency

NEIGHBOURS = 10
TERMS = 40


@dataclass(frozen=True, slots=True)
class NearItemRow:
    """An item near another, and what each modality adds to their cosine."""

    item: Item
    cosine: str
    bars: tuple[Bar, ...]


def neighbours(object_id: str) -> list[NearItemRow]:
    """The items nearest to one by vector in the active space; empty if it has no vector there."""
    try:
        item = Item.objects.only("catalogue").get(pk=object_id)
    except (Item.DoesNotExist, ValueError):
        return []
    return [
        NearItemRow(near.item, number_format(near.cosine, 3), bars_of(near.contributions))
        for near in services.nearest_items(item, NEIGHBOURS)
    ]


def shop_object(site: admin.AdminSite, item: Item) -> SafeString | str:
    """The object's id with links to its page in this admin and in the shop."""
    try:
        catalogue = get_catalogue(item.catalogue)
    except ConfigurationError:
        return item.object_id
    pk = catalogue.to_pk(item.object_id)
    links = []
    if url := change_page(site, catalogue.model, pk):
        links.append((url, _("edit in the admin")))
    obj = catalogue.get_queryset().filter(pk=pk).first()
    if obj is None:
        return format_html("<code>{}</code> ({})", item.object_id, _("not in the shop any more"))
    if url := shop_page(catalogue, obj):
        links.append((url, _("view in the shop")))
    shown = format_html_join(" ", '<a class="shopreco-link" href="{}">{}</a>', links)
    return format_html("<code>{}</code> {}", item.object_id, shown)


def unknown_catalogue(name: str) -> ConfigurationError:
    try:
        get_catalogue(name)
    except ConfigurationError as error:
        return error
    raise AssertionError(f"{name} is registered")


def facets(item: Item) -> SafeString | str:
    rows = [(name, ", ".join(values)) for name, values in sorted(item.facets.items())]
    if not rows:
        return EMPTY
    body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', rows)
    return format_html('<table class="shopreco-table"><tbody>{}</tbody></table>', body)


def spaces(item: Item, url: Callable[[int], str]) -> SafeString | str:
    """Whether the item has a vector and words in each space."""
    of_item = {"space": OuterRef("pk"), "item": item}
    found = EmbeddingSpace.objects.filter(catalogue=item.catalogue).annotate(
        has_vector=Exists(Embedding.objects.filter(**of_item)),
        has_words=Exists(LexicalEntry.objects.filter(**of_item)),
    )
    rows = [
        (
            url(space.pk),
            space.pk,
            badge(space.state, space.get_state_display()),
            _("yes") if space.has_vector else _("no"),
            _("yes") if space.has_words else _("no"),
        )
        for space in found.order_by("-id")
    ]
    if not rows:
        return EMPTY
    columns = (_("version"), _("state"), _("meaning"), _("words"))
    head = format_html_join("", '<th scope="col">{}</th>', [(column,) for column in columns])
    body = format_html_join(
        "",
        '<tr><th scope="row"><a href="{}">#{}</a></th><td>{}</td><td>{}</td><td>{}</td></tr>',
        rows,
    )
    return format_html(
        '<table class="shopreco-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        head,
        body,
    )


def hashes(item: Item) -> SafeString | str:
    """The hashes of an item: of its columns, and per space of what its vector and words are of."""
    marks = [(_("columns"), item.hashes.get("document", ""))]
    for label, model in ((_("meaning"), Embedding), (_("words"), LexicalEntry)):
        found = model._default_manager.filter(item=item).order_by("-space")
        by_space = found.values_list("space_id", "content_hash")
        marks += [(f"#{pk} {label}", mark) for pk, mark in by_space]
    shown = [(label, mark) for label, mark in marks if mark]
    return format_html_join(SafeString("<br>"), "{} · <code>{}</code>", shown) or EMPTY


def vectors(item: Item) -> SafeString | str:
    """Which modalities are encoded, by which encoder, from which content."""
    rows = (
        ModalityVector.objects.filter(item=item)
        .order_by("modality", "encoder")
        .values_list("modality", "encoder", "content_hash")
    )
    shown = [(modality, encoder[:12], mark) for modality, encoder, mark in rows]
    return format_html_join(SafeString("<br>"), "{} · {} · <code>{}</code>", shown) or EMPTY


def terms(item: Item) -> SafeString | str:
    """The item's terms in the active space by what they can add to a score: weight times idf."""
    space = services.active_space(item.catalogue)
    entry = LexicalEntry.objects.filter(item=item, space=space).first() if space else None
    if space is None or entry is None:
        return EMPTY
    # pgvector counts from 0 in Python and from 1 in SQL.
    weights = {
        index + 1: weight
        for index, weight in zip(entry.weights.indices(), entry.weights.values(), strict=True)
    }
    known = {
        each.term_id: each
        for each in LexiconTerm.objects.filter(space=space, term_id__in=[EVERY_ITEM, *weights])
    }
    n = known[EVERY_ITEM].document_frequency if EVERY_ITEM in known else 0
    scored = []
    for term_id, weight in weights.items():
        term = known.get(term_id)
        if term is None or term.document_frequency <= 0:
            continue
        score = weight * inverse_document_frequency(term.document_frequency, n)
        scored.append((score, term.term, term.surface, term.document_frequency))
    scored.sort(reverse=True)
    shown = format_html_join(
        " ",
        '<span class="shopreco-term">{} <small>{} · {}</small></span>',
        [(surface, number_format(score, 2), df) for score, _t, surface, df in scored[:TERMS]],
    )
    more = len(scored) - TERMS
    note = _("Weight times rarity, and in how many products the word occurs.")
    if more > 0:
        note += " " + _("%(count)d more.") % {"count": more}
    return format_html('<div>{}<br><small class="shopreco-quiet">{}</small></div>', shown, note)
