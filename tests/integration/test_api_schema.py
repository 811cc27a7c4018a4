"""The OpenAPI description, from the code, without warnings."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

PATHS = {
    "/shopreco/search/": "search",
    "/shopreco/search/image": "search_image",
    "/shopreco/autocomplete/": "autocomplete",
    "/shopreco/similar/{object_id}/": "similar",
    "/shopreco/recommend/{placement}/": "recommend",
    "/shopreco/blocks/{placement}/": "block",
    "/shopreco/events/": "events",
    "/shopreco/visitors/me": "visitor",
    "/shopreco/visitors/me/data": "visitor_data",
    "/shopreco/visitors/merge": "visitor_merge",
    "/shopreco/health/live": "health_live",
    "/shopreco/health/ready": "health_ready",
}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    patterns = [path("shopreco/", include("shopreco.api.urls"))]
    found: dict[str, Any] = SchemaGenerator(patterns=patterns).get_schema(public=True)
    return found


def test_it_is_made_without_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_endpoint_is_described(schema: dict[str, Any]) -> None:
    validate_schema(schema)
    described = {url: next(iter(methods.values())) for url, methods in schema["paths"].items()}
    assert {url: each["operationId"] for url, each in described.items()} == PATHS
    for each in described.values():
        assert each["summary"]
        assert each["description"]


def test_parameters_and_answers_are_described(schema: dict[str, Any]) -> None:
    search = schema["paths"]["/shopreco/search/"]["get"]
    parameters = {each["name"]: each for each in search["parameters"]}
    assert {"q", "filters", "price_min", "sort", "facets", "limit"} <= set(parameters)
    assert all(each.get("description") for each in parameters.values())
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert set(search["responses"]) == {"200", "400", "429"}
    result = schema["components"]["schemas"]["Result"]
    assert {"id", "rank", "score", "source", "variant_id", "parts"} <= set(result["properties"])


def test_a_photo_is_a_part_of_a_form(schema: dict[str, Any]) -> None:
    operation = schema["paths"]["/shopreco/search/image"]["post"]
    [(kind, form)] = operation["requestBody"]["content"].items()
    assert kind == "multipart/form-data"
    fields = schema["components"]["schemas"][form["schema"]["$ref"].rpartition("/")[2]]
    assert fields["required"] == ["image"]
    assert fields["properties"]["image"]["format"] in {"binary", "uri"}
    assert {"q", "price_max", "facets", "limit"} <= set(fields["properties"])
    assert "photo" not in fields["properties"]
