"""Health of a web process, for load balancers and orchestrators."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from shopreco import services
from shopreco.api.views import PublicView


class HealthView(PublicView):
    """Asks nobody who they are: that would read the session from the database."""

    authentication_classes = []
    throttle_classes = []


class LiveView(HealthView):
    def get(self, request: Request) -> Response:
        return Response({"status": "live"})


class ReadyView(HealthView):
    def get(self, request: Request) -> Response:
        reasons = list(services.search_problems())
        answer = {"status": "unavailable" if reasons else "ready", "reasons": reasons}
        return Response(answer, status=503 if reasons else 200)
