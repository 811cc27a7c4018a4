"""The OpenAPI description of the endpoints.

`views.PublicView` imports it once a schema is generated: its packages take megabytes that a web
process does without.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers

from shopreco.api import events, health, parameters, responses, views, visitors

ERRORS = {
    400: OpenApiResponse(
        responses.ErrorResponse, description="A parameter is wrong; `detail` names it."
    ),
    429: OpenApiResponse(
        responses.ErrorResponse, description="Too many requests; `Retry-After` says when to go on."
    ),
}
NOT_FOUND = {
    404: OpenApiResponse(
        responses.ErrorResponse, description="This visitor sees no object with that id."
    )
}
TOO_LARGE = OpenApiResponse(
    responses.ErrorResponse, description="More than is read at once: send fewer."
)
OTHER_SITE = OpenApiResponse(
    responses.ErrorResponse, description="A page of another site, by its `Origin`, sends it."
)
FILTERS = OpenApiParameter(
    "filters",
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    style="form",
    explode=True,
    description="Filters are parameters named after facets: `brand=Fennel&brand=Marlow`. Values "
    "of one facet are alternatives, facets add up. Names are those of `facets` in the answer.",
)
CAPS = OpenApiParameter(
    "caps",
    {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
    style="form",
    explode=True,
    description="`max_per_<facet>`: at most so many results for one value of a facet, such as "
    "`max_per_brand=2`.",
)
PLACEMENT: list[OpenApiParameter | type[serializers.Serializer[Any]]] = [
    OpenApiParameter("placement", str, "path", description="Such as `product-similar`."),
    parameters.PlacementParameters,
    FILTERS,
    CAPS,
]


class LiveResponse(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="`live`")


class ReadyResponse(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ready", "unavailable"])
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="What is missing, and the fix."
    )


extend_schema_view(
    get=extend_schema(
        operation_id="search",
        summary="Search by words and meaning",
        description="Results, facets with counts, and the scores behind the order. A typed "
        "SKU or EAN finds its product alone. When a stage fails or is late, the answer comes "
        "without it and names it in `degraded`.",
        parameters=[parameters.SearchParameters, FILTERS],
        responses={200: responses.SearchResponse, **ERRORS},
        tags=["shopreco"],
    )
)(views.SearchView)

extend_schema_view(
    post=extend_schema(
        operation_id="search_image",
        summary="Search by photo",
        description="What looks like a photo, with `q` beside it: this, but in red. The answer is "
        "that of `search/`; its `photo` stands for the picture there, for a day. When the photo "
        "is not read in time, the words answer alone, `degraded` has `photo`, and `notice` is "
        "a sentence for the shopper.",
        parameters=[FILTERS],
        request={"multipart/form-data": parameters.PhotoSearchParameters},
        responses={200: responses.SearchResponse, **ERRORS},
        tags=["shopreco"],
    )
)(views.PhotoSearchView)

extend_schema_view(
    get=extend_schema(
        operation_id="autocomplete",
        summary="Suggest while typing",
        description="Queries, facet values such as categories, and products. No model is asked, "
        "so it is fast enough for every keystroke.",
        parameters=[parameters.AutocompleteParameters],
        responses={200: responses.AutocompleteResponse, **ERRORS},
        tags=["shopreco"],
    )
)(views.AutocompleteView)

extend_schema_view(
    get=extend_schema(
        operation_id="similar",
        summary="Similar objects",
        description="Nearest by meaning, without the object itself, its variants, and what "
        "cannot be bought or seen now. Filters are those of `search/`.",
        parameters=[
            OpenApiParameter("object_id", str, "path", description="Key of the object, as text."),
            parameters.SimilarParameters,
            FILTERS,
            CAPS,
        ],
        responses={200: responses.RecommendResponse, **ERRORS, **NOT_FOUND},
        tags=["shopreco"],
    )
)(views.SimilarView)

extend_schema_view(
    get=extend_schema(
        operation_id="recommend",
        summary="The results of a placement",
        description="Placements: those of the admin; `product-similar`, `product-looking-similar`, "
        "`product-complementary`, `product-substitute` and `product-accessory` are always there.",
        parameters=PLACEMENT,
        responses={200: responses.RecommendResponse, **ERRORS, **NOT_FOUND},
        tags=["shopreco"],
    )
)(views.RecommendView)

extend_schema_view(
    get=extend_schema(
        operation_id="block",
        summary="A recommendation block as HTML",
        description="The fragment that the template tag renders: `shopreco/blocks/<placement>"
        ".html`, else `default.html`. Empty where there is nothing to recommend.",
        parameters=PLACEMENT,
        responses={(200, "text/html"): OpenApiTypes.STR, **ERRORS, **NOT_FOUND},
        tags=["shopreco"],
    )
)(views.BlockView)

extend_schema_view(
    post=extend_schema(
        operation_id="events",
        summary="Tell what visitors do",
        description="One event, a list of them, or an object with `events`. At most 1,000 events "
        "and 1 MiB, packed by gzip or not, of any content type. An event that is wrong is named in "
        "`errors`, and keeps no other out. Each `uuid` counts once. The visitor is that of the "
        "cookie, the user that of the session; the cookie is set if the visitor allows it.",
        auth=[],
        request={"application/json": events.EventsRequest},
        responses={202: events.EventsResponse, **ERRORS, 413: TOO_LARGE, 403: OTHER_SITE},
        tags=["shopreco"],
    )
)(events.EventsView)

NO_TOKEN = OpenApiResponse(
    responses.ErrorResponse, description="Without the CSRF token of the site."
)

extend_schema_view(
    get=extend_schema(
        operation_id="visitor",
        summary="What is kept of whoever asks",
        description="Of the visitor of the cookie, and of the user of the session on all devices.",
        auth=[],
        responses={200: visitors.VisitorResponse, **ERRORS},
        tags=["shopreco"],
    ),
    patch=extend_schema(
        operation_id="visitor_change",
        summary="Switch personal ranking off or on",
        description="In all browsers that are merged. Who is not remembered has nothing to switch.",
        auth=[],
        request=visitors.VisitorRequest,
        responses={200: visitors.VisitorResponse, **ERRORS, 403: NO_TOKEN},
        tags=["shopreco"],
    ),
    delete=extend_schema(
        operation_id="visitor_erase",
        summary="Erase what is kept of whoever asks",
        description="On all devices. Events that arrive late are refused.",
        auth=[],
        responses={204: None, **ERRORS, 403: NO_TOKEN},
        tags=["shopreco"],
    ),
)(visitors.VisitorView)

extend_schema_view(
    get=extend_schema(
        operation_id="visitor_data",
        summary="All that is kept of whoever asks",
        description="Lines of JSON: the browsers first, then the events.",
        auth=[],
        responses={(200, "application/jsonl"): OpenApiTypes.STR, **ERRORS},
        tags=["shopreco"],
    )
)(visitors.VisitorDataView)

extend_schema_view(
    post=extend_schema(
        operation_id="visitor_merge",
        summary="Make this browser one with the others of its user",
        description="The first event after a login does the same, unless it was taken apart.",
        auth=[],
        request=None,
        responses={
            200: visitors.VisitorResponse,
            **ERRORS,
            403: OpenApiResponse(
                responses.ErrorResponse,
                description="Nobody is signed in or allows to be remembered, or no CSRF token.",
            ),
        },
        tags=["shopreco"],
    ),
    delete=extend_schema(
        operation_id="visitor_unmerge",
        summary="Take this browser out of the profile of its user",
        description="It stays apart until it is merged again, also if the user signs in there.",
        auth=[],
        responses={200: visitors.VisitorResponse, **ERRORS, 403: NO_TOKEN},
        tags=["shopreco"],
    ),
)(visitors.MergeView)

extend_schema_view(
    get=extend_schema(
        operation_id="health_live",
        summary="The process answers",
        description="Restart the process when this fails. Nothing else is looked at.",
        responses=LiveResponse,
        tags=["health"],
    )
)(health.LiveView)

extend_schema_view(
    get=extend_schema(
        operation_id="health_ready",
        summary="The process can search",
        description="Looks at the database, its extensions, and the active space and query "
        "encoder of every catalogue. The first calls load the encoders and what a process keeps in "
        "memory, so that no visitor waits for it: send traffic once this answers 200.",
        responses={
            200: ReadyResponse,
            503: OpenApiResponse(ReadyResponse, description="With the reasons."),
        },
        tags=["health"],
    )
)(health.ReadyView)
