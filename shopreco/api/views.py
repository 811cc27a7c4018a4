"""The endpoints. Anybody may read; what a visitor may see is the catalogue's live queryset's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any, TypeVar

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from django.utils.cache import patch_cache_control
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.schemas import DefaultSchema
from rest_framework.views import APIView

from shopreco import services
from shopreco.api import parameters, responses
from shopreco.api.errors import InvalidParameter, error_response
from shopreco.api.throttles import (
    AutocompleteThrottle,
    PhotoThrottle,
    RecommendThrottle,
    SearchThrottle,
)
from shopreco.api.uploads import stop_at_limit
from shopreco.catalogues import Catalogue
from shopreco.exceptions import SeedMissing


class AlwaysFirst(BaseContentNegotiation):
    """The one renderer of a view, whatever is asked for: `?format=` may be a facet of the shop."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return next(iter(parsers), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class LazyDescription(DefaultSchema):
    """Loads `api.schema`, which describes the views, once a generator of schemas looks at one."""

    def __get__(self, view: APIView | None, owner: type[APIView]) -> Any:
        import_module("shopreco.api.schema")
        return super().__get__(view, owner)


class PublicView(APIView):
    """Independent of the host's defaults, except for authentication.

    A host's users are recognised, so that `get_live_queryset(request)` can tell them apart.
    """

    schema = LazyDescription()
    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]
    parser_classes = []
    content_negotiation_class = AlwaysFirst
    versioning_class = None
    http_method_names = ["get", "head"]

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return error_response

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Answers have live prices, and depend on who asks: nobody else may keep them."""
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, max_age=0)
        return response


class SpokenView(PublicView):
    """Speaks the language of the page that asks, as far as the shop does: its own address may have
    none, and the browser another."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        language = request.GET.get("language", "")
        if language not in dict(settings.LANGUAGES):
            return super().dispatch(request, *args, **kwargs)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, SimpleTemplateResponse):
                response.render()
            response.headers.setdefault("Content-Language", language)
            return response


class SearchView(PublicView):
    throttle_classes = [SearchThrottle]

    def get(self, request: Request) -> Response:
        asked = parameters.read(parameters.SearchParameters, request.GET)
        return _search(request, asked, photo=asked.values.get("photo", ""))


class PhotoSearchView(PublicView):
    http_method_names = ["post"]
    parser_classes = [MultiPartParser]
    throttle_classes = [PhotoThrottle]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Before authentication, which may look for a CSRF token in the body."""
        stop_at_limit(request)
        return super().initialize_request(request, *args, **kwargs)

    def post(self, request: Request) -> Response:
        asked = parameters.read(parameters.PhotoSearchParameters, request.POST, request.FILES)
        return _search(request, asked, photo=asked.values["image"])


def _search(request: Request, asked: parameters.Parameters, photo: Any) -> Response:
    started = perf_counter()
    apart = {"q", "photo", "image", *parameters.COLUMN_FILTERS}
    options = {name: value for name, value in asked.values.items() if name not in apart}
    page = services.search(
        asked.values.get("q", ""),
        photo=photo,
        catalogue=asked.catalogue.name,
        request=django_request(request),
        filters=parameters.filters_of(asked, parameters.SearchParameters),
        **options,
    )
    if not page.total and not page.degraded:
        parameters.reject_absent(asked, parameters.SearchParameters)
    return Response(responses.search_response(page, _milliseconds_since(started)))


class AutocompleteView(SpokenView):
    throttle_classes = [AutocompleteThrottle]

    def get(self, request: Request) -> Response:
        started = perf_counter()
        asked = parameters.read(parameters.AutocompleteParameters, request.GET)
        parameters.reject_unknown(parameters.AutocompleteParameters, asked.others)
        values = dict(asked.values)
        typed = values.pop("q", "")
        values.pop("language", "")
        suggestions = services.autocomplete(
            typed, catalogue=asked.catalogue.name, request=django_request(request), **values
        )
        took_ms = _milliseconds_since(started)
        return Response(
            responses.autocomplete_response(asked.catalogue, typed, suggestions, took_ms)
        )


class SimilarView(SpokenView):
    throttle_classes = [RecommendThrottle]

    def get(self, request: Request, object_id: str) -> Response:
        asked = parameters.read(parameters.SimilarParameters, request.GET)
        filters = parameters.filters_of(asked, parameters.SimilarParameters)
        return _recommendations(request, "product-similar", asked, [object_id], filters)


class RecommendView(SpokenView):
    throttle_classes = [RecommendThrottle]

    def get(self, request: Request, placement: str) -> Response:
        asked = parameters.read(parameters.PlacementParameters, request.GET)
        filters = parameters.filters_of(asked, parameters.PlacementParameters)
        return _recommendations(request, placement, asked, asked.values.get("id"), filters)


class BlockView(SpokenView):
    """What `{% recommendations … lazy=True %}` loads."""

    throttle_classes = [RecommendThrottle]

    def get(self, request: Request, placement: str) -> HttpResponse:
        asked = parameters.read(parameters.PlacementParameters, request.GET)
        filters = parameters.filters_of(asked, parameters.PlacementParameters)
        page, seeds = _recommended(request, placement, asked, asked.values.get("id"), filters)
        seed = seeds[0] if seeds and len(seeds) == 1 else None
        html = services.render_block(page, placement, seed, django_request(request))
        return _private(HttpResponse(html), page)


def _recommendations(
    request: Request,
    placement: str,
    asked: parameters.Parameters,
    object_ids: list[str] | None,
    filters: dict[str, Any],
) -> Response:
    started = perf_counter()
    page, _seeds = _recommended(request, placement, asked, object_ids, filters)
    answer = responses.recommend_response(page, placement, _milliseconds_since(started))
    return _private(Response(answer), page)


R = TypeVar("R", bound=HttpResponseBase)


def _private(response: R, page: services.ResultPage) -> R:
    if page.is_personal:
        patch_cache_control(response, private=True, no_store=True)
    return response


def _recommended(
    request: Request,
    placement: str,
    asked: parameters.Parameters,
    object_ids: list[str] | None,
    filters: dict[str, Any],
) -> tuple[services.ResultPage, list[models.Model] | None]:
    seeds = None if object_ids is None else _live_objects(request, asked.catalogue, object_ids)
    apart = {"id", "language", *parameters.COLUMN_FILTERS}
    try:
        page = services.recommend(
            placement,
            seed=seeds,
            catalogue=asked.catalogue.name,
            request=django_request(request),
            filters=filters,
            max_per=parameters.caps_of(asked) or None,
            **{name: value for name, value in asked.values.items() if name not in apart},
        )
    except SeedMissing as error:
        raise InvalidParameter(str(error), parameter="id") from error
    if not page.results and not page.degraded:
        parameters.reject_absent(asked, parameters.PlacementParameters)
    return page, seeds


def _live_objects(
    request: Request, catalogue: Catalogue, object_ids: list[str]
) -> list[models.Model]:
    """Those that this visitor sees, in order. Raises `NotFound` if it is none of them."""
    pks = [catalogue.to_pk(each) for each in object_ids if "\x00" not in each]
    live = catalogue.get_live_queryset(django_request(request))
    found = live.in_bulk([pk for pk in pks if pk is not None])
    seeds = [found[pk] for pk in dict.fromkeys(pks) if pk in found]
    if not seeds:
        raise NotFound(f"There is no {catalogue.name} with the id {object_ids[0]!r:.300}.")
    return seeds


def django_request(request: Request) -> HttpRequest:
    """The request as Django's own code knows it, with the user that DRF recognised."""
    return request._request


def _milliseconds_since(started: float) -> float:
    return round((perf_counter() - started) * 1000, 2)
