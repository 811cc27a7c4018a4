"""What a request may ask for: parameters, checked at the edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from shopreco.api.errors import InvalidParameter
from shopreco.catalogues import Attributes, Catalogue, get_catalogue, get_catalogues
from shopreco.registries import did_you_mean
from shopreco.services import (
    MAX_ANCHORS,
    MAX_EXCLUDED,
    MAX_FACETS,
    MAX_OFFSET,
    SORTS,
    facet_names,
    item_facets,
    unknown_filters,
)

MAX_LIMIT = 100
MAX_PER = "max_per_"
COLUMN_FILTERS = ("price_min", "price_max", "available", "site")
"""Filters with a parameter of their own."""

TRACKING = (
    *("utm_", "mtm_", "gclid", "gbraid", "wbraid", "dclid", "gad_", "_gl", "srsltid"),
    *("fbclid", "msclkid", "ttclid", "twclid", "li_fat_id", "yclid", "mc_cid", "mc_eid"),
)
"""Beginnings of parameters that advertisements and newsletters add to any address."""

CATALOGUE_HELP = (
    "Name of the catalogue, such as `shop.product`; by default the first that was registered."
)


class SearchParameters(serializers.Serializer[Any]):
    """Parameters of `search/`, apart from the filters."""

    q = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="The query as typed. Without one, everything that passes the filters is listed.",
    )
    photo = serializers.CharField(
        required=False,
        max_length=64,
        help_text="`photo` of an answer to `search/image`: further pages and other filters of it.",
    )
    catalogue = serializers.CharField(required=False, help_text=CATALOGUE_HELP)
    price_min = serializers.DecimalField(16, 4, required=False, help_text="Lowest price.")
    price_max = serializers.DecimalField(16, 4, required=False, help_text="Highest price.")
    currency = serializers.CharField(
        required=False,
        max_length=3,
        help_text="Currency (ISO 4217) of the prices to filter and sort by, where the shop has "
        "several. By default the shop chooses.",
    )
    available = serializers.BooleanField(
        required=False, help_text="`true`: only what can be bought now; `false`: only what cannot."
    )
    language = serializers.CharField(
        required=False,
        max_length=16,
        help_text="Language of the query (BCP 47). By default that of the request, or detected.",
    )
    site = serializers.IntegerField(
        required=False, help_text="Id of a site: only what belongs to it, or to no site."
    )
    sort = serializers.ChoiceField(SORTS, required=False, help_text="Order of the results.")
    offset = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_OFFSET, help_text="Results to pass over."
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_LIMIT, help_text="Results to answer with."
    )
    facets = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        max_length=MAX_FACETS,
        help_text="Facets to count, repeated for several. `*`: all that are declared and the most "
        "common attributes. Counts cover all matches, and are exact where `facets_are_exact`.",
    )
    collapse = serializers.BooleanField(
        required=False,
        help_text="`true` (default): a product with variants comes once, and `variant_id` says "
        "which variant matched; `false`: every variant is a result.",
    )
    explain = serializers.BooleanField(
        required=False, help_text="`true`: say what text, pictures and words added to each score."
    )


class PhotoSearchParameters(SearchParameters):
    """The form of `search/image`, apart from the filters."""

    image = serializers.FileField(
        help_text="A JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF, up to `PHOTO_MAX_BYTES`."
    )
    q = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="Words beside the photo: this, but “in red”.",
    )
    photo = None  # type: ignore[assignment]  # DRF's way to leave an inherited field out


class SpokenParameters(serializers.Serializer[Any]):
    """For what a page shows that it loads later."""

    language = serializers.CharField(
        required=False,
        max_length=16,
        help_text="Language of the page, one of the shop's: titles, headings and reasons are in "
        "it. By default that of the request.",
    )


class AutocompleteParameters(SpokenParameters):
    """Parameters of `autocomplete/`."""

    q = serializers.CharField(
        required=False, allow_blank=True, help_text="What has been typed so far."
    )
    catalogue = serializers.CharField(required=False, help_text=CATALOGUE_HELP)
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=20, help_text="Suggestions to answer with."
    )


def _check_number(value: float) -> None:
    if isnan(value):
        raise serializers.ValidationError(serializers.FloatField.default_error_messages["invalid"])


class SimilarParameters(SpokenParameters):
    """Parameters of `similar/<id>/`, apart from the filters and `max_per_<facet>`."""

    catalogue = serializers.CharField(required=False, help_text=CATALOGUE_HELP)
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MAX_LIMIT, help_text="Results to answer with."
    )
    diversity = serializers.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        validators=[_check_number],
        help_text="0 (default): by likeness alone. Towards 1, results also differ from each other.",
    )
    exclude = serializers.ListField(
        child=serializers.CharField(max_length=255),
        required=False,
        max_length=MAX_EXCLUDED,
        help_text="Ids of objects that the page shows already, repeated for several.",
    )
    price_min = serializers.DecimalField(16, 4, required=False, help_text="Lowest price.")
    price_max = serializers.DecimalField(16, 4, required=False, help_text="Highest price.")
    site = serializers.IntegerField(
        required=False, help_text="Id of a site: only what belongs to it, or to no site."
    )


class PlacementParameters(SimilarParameters):
    """Parameters of `recommend/<placement>/` and `blocks/<placement>/`."""

    id = serializers.ListField(
        child=serializers.CharField(max_length=255),
        required=False,
        max_length=MAX_ANCHORS,
        help_text="Keys of the objects that the block is about, repeated for several: that of the "
        "page, or those in the cart. Blocks of a product need one; others find out by themselves.",
    )
    recent = serializers.ListField(
        child=serializers.CharField(max_length=255),
        required=False,
        max_length=MAX_ANCHORS,
        help_text="Keys of objects that the page remembers as viewed, the latest first, for blocks "
        "of what the visitor did.",
    )


@dataclass(frozen=True, slots=True)
class Parameters:
    """Valid parameters by name, and those that the serializer does not declare, as texts."""

    values: Mapping[str, Any]
    others: Mapping[str, list[str]]
    catalogue: Catalogue


def read(
    serializer_class: type[serializers.Serializer[Any]],
    given: QueryDict,
    files: Mapping[str, Any] | None = None,
) -> Parameters:
    """Check the parameters of a request. Empty ones, as forms send them, are as if not given; those
    that advertisements add too.

    Raises:
        InvalidParameter: with the name of the first that is wrong.
    """
    serializer = serializer_class()
    known: dict[str, Any] = dict(files.items()) if files else {}
    others: dict[str, list[str]] = {}
    for name, texts in given.lists():
        filled = [str(text) for text in texts if text]
        if not filled or name.startswith(TRACKING):
            continue
        declared = serializer.fields.get(name)
        if declared is None:
            others[name] = filled
        elif isinstance(declared, serializers.ListField):
            known[name] = filled
        else:
            known[name] = filled[-1]
    serializer = serializer_class(data=known)
    if not serializer.is_valid():
        name, problem = next(iter(serializer.errors.items()))
        raise InvalidParameter(f"{name}: {_first(problem)}", parameter=name)
    values = dict(serializer.validated_data)
    return Parameters(values, others, _catalogue(values.pop("catalogue", None)))


def _first(problem: Any) -> str:
    """The first message of DRF's errors, which nest for lists."""
    while not isinstance(problem, str):
        problem = next(iter(problem.values() if isinstance(problem, Mapping) else problem))
    return problem


def _catalogue(name: str | None) -> Catalogue:
    names = [each.name for each in get_catalogues()]
    if name is not None and name not in names:
        raise InvalidParameter(
            f"There is no catalogue {name!r:.80}. {did_you_mean(name, names)}",
            parameter="catalogue",
        )
    return get_catalogue(name)


def reject_unknown(
    serializer_class: type[serializers.Serializer[Any]],
    names: Iterable[str],
    also: Iterable[str] = (),
) -> None:
    """Raises `InvalidParameter` if there is a name, with the one that was probably meant.

    `also` are names that are known besides those of the serializer.
    """
    known = [*serializer_class().fields, *also]
    for name in names:
        raise InvalidParameter(
            f"There is no parameter {name!r:.80}. {did_you_mean(name, dict.fromkeys(known))}",
            code="unknown_parameter",
            parameter=name[:80],
        )


def filters_of(
    asked: Parameters, serializer_class: type[serializers.Serializer[Any]]
) -> dict[str, Any]:
    """The parameters that are filters: those that are named after facets, and those of columns.

    Where the catalogue declares `Attributes`, any name may be an attribute: see `reject_absent`.
    """
    others, known = _others(asked, serializer_class)
    if not any(isinstance(each, Attributes) for each in asked.catalogue.fields.values()):
        reject_unknown(serializer_class, (name for name in others if name not in known), known)
    columns = {name: asked.values[name] for name in COLUMN_FILTERS if name in asked.values}
    return {**others, **columns}


def reject_absent(asked: Parameters, serializer_class: type[serializers.Serializer[Any]]) -> None:
    """Called when nothing was found: raises `InvalidParameter` for a filter that no item has.

    A misspelt parameter looks like a free attribute, and matches nothing.
    """
    others, known = _others(asked, serializer_class)
    if names := [name for name in unknown_filters(asked.catalogue, others) if name not in known]:
        reject_unknown(serializer_class, names, [*known, *item_facets(asked.catalogue)])


def _others(
    asked: Parameters, serializer_class: type[serializers.Serializer[Any]]
) -> tuple[dict[str, list[str]], list[str]]:
    """Parameters that are no caps, where there are caps, and the names that are declared."""
    declared = facet_names(asked.catalogue)
    if not issubclass(serializer_class, SimilarParameters):
        return dict(asked.others), declared
    others = {name: texts for name, texts in asked.others.items() if not name.startswith(MAX_PER)}
    return others, [*declared, *(f"{MAX_PER}{facet}" for facet in declared)]


def caps_of(asked: Parameters) -> dict[str, int]:
    """The parameters `max_per_<facet>`, by facet."""
    caps: dict[str, int] = {}
    for name, texts in asked.others.items():
        if not name.startswith(MAX_PER):
            continue
        if not (texts[-1].isascii() and texts[-1].isdigit() and int(texts[-1][:9]) > 0):
            raise InvalidParameter(
                f"{name}: a whole number above zero is required.", parameter=name[:80]
            )
        caps[name.removeprefix(MAX_PER)] = int(texts[-1][:9])
    return caps
