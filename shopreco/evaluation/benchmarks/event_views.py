"""What the benchmark of events serves: `events/`, and a bare view of the same rows."""

from __future__ import annotations

import json

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

BARE = "bare_event"
"""A table as that of events is, with its indexes and its partitions."""


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    """Parse the JSON, and copy the rows that it has into the table."""
    rows = json.loads(request.body)["events"]
    names = [*rows[0]]
    with connection.cursor() as cursor:
        statement = f"COPY {BARE} ({', '.join(names)}) FROM STDIN"
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
    return JsonResponse({"accepted": len(rows)}, status=202)


urlpatterns = [path("shopreco/", include("shopreco.api.urls")), path("bare/", bare)]
