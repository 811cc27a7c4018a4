"""What the API answers with: serializers that are the schema and the output at once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from shopreco.catalogues import Catalogue
from shopreco.services import Card, EmptyReason, ResultPage, Suggestion, cards


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs: `same_material`, `because_viewed`, …")
    text = serializers.CharField(help_text="For shoppers, in the language of the request.")
    basis = serializers.CharField(help_text="What it rests on: a value, or a product's title.")
    anchor_id = serializers.CharField(
        help_text="Key of what the block is about, where that is the reason; else empty."
    )
    url = serializers.CharField(help_text="Address of the anchor's page; empty without one.")


class ResultSerializer(serializers.Serializer[Any]):
    """One object of the shop, as it is now."""

    id = serializers.CharField(help_text="Key of the object, as text.")
    rank = serializers.IntegerField(help_text="Place in the whole list, from 1.")
    score = serializers.FloatField(help_text="What the order goes by; compares within one answer.")
    # Names of the answer that DRF also uses for attributes of a field, until it takes them away.
    source = serializers.CharField(  # type: ignore[assignment]  # a field named as DRF's attribute
        help_text="What found it: `hybrid`, `photo`, `identifier`, `browse`, `dense`, `looks`."
    )
    title = serializers.CharField()
    url = serializers.CharField(help_text="Address of its page; empty where it has none.")
    picture = serializers.CharField(help_text="Address of its picture; empty where it has none.")
    price = serializers.DecimalField(16, None, allow_null=True, help_text="Live price.")
    currency = serializers.CharField(help_text="ISO 4217.")
    price_is_lowest = serializers.BooleanField(
        help_text="Whether `price` is the lowest of its variants: say “from”."
    )
    available = serializers.BooleanField(help_text="Whether it can be bought now.")
    variant_id = serializers.CharField(
        help_text="Key of the variant that was asked for, where `id` is its parent: title, url, "
        "picture and price are its own. Else empty."
    )
    parts = serializers.DictField(
        child=serializers.FloatField(),
        help_text="What each retriever added to the score: `dense`, `lexical`, `looks`.",
    )
    contributions = serializers.DictField(
        child=serializers.FloatField(),
        help_text="What each modality and the words added: `text`, `image`, `video`, `graph`, "
        "`lexical`, `looks`; they sum to the score. Empty without `explain`.",
    )
    reasons = ReasonSerializer(
        many=True, help_text="Why it is recommended beside the product; empty in a search."
    )


class FacetValueSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    count = serializers.IntegerField(help_text="Results that choosing it as well would leave.")
    selected = serializers.BooleanField()


class FacetSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Name of the parameter that filters by it.")
    label = serializers.CharField(  # type: ignore[assignment]  # see `source`
        help_text="What shoppers read."
    )
    values = FacetValueSerializer(many=True)


class PriceRangeSerializer(serializers.Serializer[Any]):
    minimum = serializers.DecimalField(16, None)
    maximum = serializers.DecimalField(16, None)
    currency = serializers.CharField()


class _PageSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="All that matched; variants counted once.")
    total_is_exact = serializers.BooleanField(
        help_text="`false`: there are at least `total`, as beyond 10,000."
    )
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()
    results = ResultSerializer(many=True)
    degraded = serializers.ListField(
        child=serializers.CharField(),
        help_text="Stages that this answer had to do without, such as `encode`: empty when all "
        "is well. The server's log says why.",
    )
    took_ms = serializers.FloatField(help_text="Milliseconds on the server.")
    timings = serializers.DictField(
        child=serializers.FloatField(), help_text="Milliseconds by stage."
    )
    model_version = serializers.CharField(
        help_text="Version of the embedding space that answered; empty without one."
    )


class SearchResponse(_PageSerializer):
    """A page of search results."""

    query = serializers.CharField(help_text="The query as it was understood.")
    query_id = serializers.CharField(help_text="Id of this answer: events refer to it.")
    photo = serializers.CharField(
        help_text="Key of the photo that was searched with, for `search/?photo=`; else empty."
    )
    notice = serializers.CharField(
        help_text="A sentence for the shopper where the photo could not be used, or no product has "
        "the number that was asked for; else empty."
    )
    facets = FacetSerializer(many=True)
    facets_are_exact = serializers.BooleanField(
        help_text="`false`: counts are “at least”, since so much matches."
    )
    price_range = PriceRangeSerializer(
        allow_null=True, help_text="Of all matches; null unless `facets` were asked for."
    )


class RecommendResponse(_PageSerializer):
    """The results of a recommendation block."""

    rec_id = serializers.CharField(help_text="Id of this answer: events refer to it.")
    placement = serializers.CharField()
    personal = serializers.BooleanField(
        help_text="Whether it differs by visitor: then no cache may keep it."
    )
    empty_because = serializers.CharField(
        help_text="Why there is nothing: "
        + ", ".join(f"`{each}`" for each in EmptyReason)
        + ". Else empty."
    )


class SuggestionSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="`query`, `product`, or the name of a facet.")
    text = serializers.CharField()
    label = serializers.CharField(  # type: ignore[assignment]  # see `source`
        help_text="What a facet is called in the visitor's language; else empty."
    )
    url = serializers.CharField(help_text="Address of a product; else empty.")
    facet = serializers.CharField(help_text="Facet that has `text` as a value; else empty.")


class AutocompleteResponse(serializers.Serializer[Any]):
    """Suggestions while typing."""

    query = serializers.CharField(help_text="What was typed.")
    suggestions = SuggestionSerializer(many=True)
    took_ms = serializers.FloatField(help_text="Milliseconds on the server.")


class ErrorResponse(serializers.Serializer[Any]):
    """What went wrong."""

    code = serializers.CharField(help_text="Stable, for programs: `invalid_parameter`, …")
    detail = serializers.CharField(help_text="For people: the cause and the fix.")
    parameter = serializers.CharField(required=False, help_text="The parameter that is wrong.")


def search_response(page: ResultPage, took_ms: float) -> dict[str, Any]:
    return dict(
        SearchResponse(
            {
                **_page(page, took_ms),
                "query": page.query,
                "query_id": page.query_id,
                "photo": page.photo,
                "notice": page.degraded.get("photo", page.notice),
                "facets": page.facets,
                "facets_are_exact": page.facets_are_exact,
                "price_range": _price_range(page),
            }
        ).data
    )


def recommend_response(page: ResultPage, placement: str, took_ms: float) -> dict[str, Any]:
    answer = {
        **_page(page, took_ms),
        "rec_id": page.query_id,
        "placement": placement,
        "personal": page.is_personal,
        "empty_because": page.empty_because,
    }
    return dict(RecommendResponse(answer).data)


def autocomplete_response(
    catalogue: Catalogue, query: str, suggestions: list[Suggestion], took_ms: float
) -> dict[str, Any]:
    listed = [
        {
            "kind": each.kind,
            "text": each.text,
            "label": catalogue.get_facet_label(each.facet) if each.facet else "",
            "url": each.url,
            "facet": each.facet,
        }
        for each in suggestions
    ]
    answer = {"query": query, "suggestions": listed, "took_ms": took_ms}
    return dict(AutocompleteResponse(answer).data)


def _price_range(page: ResultPage) -> Mapping[str, Any] | None:
    if page.price_range is None:
        return None
    return {
        "minimum": _amount(page.price_range.minimum),
        "maximum": _amount(page.price_range.maximum),
        "currency": page.price_range.currency,
    }


def _amount(price: Decimal) -> Decimal:
    """As the shop writes it: the index keeps four decimals of every price."""
    cents = price.quantize(Decimal("0.01"))
    return cents if cents == price else price


def _page(page: ResultPage, took_ms: float) -> dict[str, Any]:
    return {
        "total": page.total,
        "total_is_exact": page.total_is_exact,
        "offset": page.offset,
        "limit": page.limit,
        "results": [_result(card) for card in cards(page)],
        "degraded": list(page.degraded),
        "took_ms": took_ms,
        "timings": page.timings,
        "model_version": page.model_version,
    }


def _result(card: Card) -> Mapping[str, Any]:
    return {
        "id": card.result.object_id,
        "rank": card.result.rank,
        "score": card.result.score,
        "source": card.result.source,
        "title": card.title,
        "url": card.url,
        "picture": card.picture,
        "price": card.price,
        "currency": card.currency,
        "price_is_lowest": card.price_is_lowest,
        "available": card.available,
        "variant_id": card.result.variant_id,
        "parts": card.result.parts,
        "contributions": card.result.contributions,
        "reasons": card.result.reasons,
    }
