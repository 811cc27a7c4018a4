"""Health of a web process, for load balancers and orchestrators."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from shopreco import services
from shopreco.api.views import PublicView


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
        reasons = list(services.search_problems())
        answer = {"status": "unavailable" if reasons else "ready", "reasons": reasons}
        return Response(answer, status=503 if reasons else 200)
