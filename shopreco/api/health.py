"""Health of a web process, for load balancers and orchestrators."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, connections
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from shopreco.api.views import PublicView
from shopreco.catalogues import Catalogue, get_catalogues
from shopreco.db.extensions import NEEDED, installed
from shopreco.db.process_cache import NotYetRead
from shopreco.db.routing import read_alias
from shopreco.queries.entities import VOCABULARIES
from shopreco.queries.query_vectors import query_encoder
from shopreco.queries.terms import FREQUENCIES
from shopreco.spaces.serving import served_space

logger = logging.getLogger(__name__)

READING_SECONDS = 1.0
"""How long this waits for what a process keeps; probes have little patience themselves."""


class LiveResponse(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="`live`")


class ReadyResponse(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ready", "unavailable"])
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="What is missing, and the fix."
    )


class HealthView(PublicView):
    """Asks nobody who they are: that would read the session from the database."""

    authentication_classes = []
    throttle_classes = []


class LiveView(HealthView):
    @extend_schema(
        operation_id="health_live",
        summary="The process answers",
        description="Restart the process when this fails. Nothing else is looked at.",
        responses=LiveResponse,
        tags=["health"],
    )
    def get(self, request: Request) -> Response:
        return Response({"status": "live"})


class ReadyView(HealthView):
    @extend_schema(
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
    def get(self, request: Request) -> Response:
        reasons = list(problems())
        answer = {"status": "unavailable" if reasons else "ready", "reasons": reasons}
        return Response(answer, status=503 if reasons else 200)


def problems() -> Iterator[str]:
    """What keeps this process from searching; addresses and traces stay in the log."""
    try:
        yield from _missing_extensions()
        for catalogue in get_catalogues():
            yield from _problems_of(catalogue)
    except DatabaseError:
        logger.exception("not ready: the database")
        yield "The database does not answer, or has no tables of shopreco yet: run migrate."


def _missing_extensions() -> Iterator[str]:
    alias = read_alias()
    for name, minimum in NEEDED.items():
        found = installed(connections[alias], name)
        if found is None or found.number < minimum:
            version, needed = found.version if found else "missing", ".".join(map(str, minimum))
            yield f"The extension {name} is {version}; it must be {needed} or newer."
        elif not found.searched:
            yield found.unsearched(alias)


def _problems_of(catalogue: Catalogue) -> Iterator[str]:
    space = served_space(catalogue.name)
    if space is None:
        yield f"{catalogue.name} has no active space: run shopreco_reindex."
        return
    try:
        query_encoder(space).encode_query(catalogue.name)
    except Exception:
        logger.exception("not ready: the query encoder of %s", catalogue.name)
        yield (
            f"{catalogue.name} has no working query encoder: the log says why. Web processes "
            "need the ARTEFACT_DIR that workers write."
        )
    for kept, what in ((FREQUENCIES, "words"), (VOCABULARIES, "names of the graph")):
        try:
            kept.of(space, patience=READING_SECONDS)
        except NotYetRead:
            yield f"The {what} of {catalogue.name} are being read: ask again in a moment."
        except Exception:
            # Answers do without, and name it.
            logger.exception("the %s of %s cannot be read", what, catalogue.name)
