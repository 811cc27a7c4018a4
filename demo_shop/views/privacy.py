from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from demo_shop.consent import CHOICES, COOKIE
from demo_shop.models import Product
from shopreco import services

MONTHS_6 = 180 * 24 * 3600
MOST = 200


@require_safe
@never_cache
def your_data(request: HttpRequest) -> HttpResponse:
    """Show what is kept of the visitor, the latest first."""
    events = [each for each in services.visitor_data(request) if each["kind"] == "event"]
    shown = events[::-1][:MOST]
    keys = {item["id"] for event in shown for item in event.get("items", ())}
    products = {str(each.pk): each for each in Product.objects.filter(pk__in=keys)}
    labels = services.event_labels()
    rows = [
        {
            "time": datetime.fromisoformat(event["time"]),
            "label": labels.get(event["name"], event["name"]),
            "query": event.get("query", ""),
            "products": [
                products[item["id"]] for item in event.get("items", ()) if item["id"] in products
            ],
        }
        for event in shown
    ]
    status = services.visitor_status(request)
    context = {"rows": rows, "number": len(events), "status": status}
    return render(request, "shop/your_data.html", context)


@require_safe
@never_cache
def export_data(request: HttpRequest) -> StreamingHttpResponse:
    """Hand it out as JSON lines."""

    def lines() -> Iterator[str]:
        for each in services.visitor_data(request):
            yield json.dumps(each, default=str, ensure_ascii=False) + "\n"

    answer = StreamingHttpResponse(lines(), content_type="application/jsonl")
    answer.headers["Content-Disposition"] = 'attachment; filename="your-data.jsonl"'
    return answer


@require_POST
def erase_data(request: HttpRequest) -> HttpResponse:
    services.erase_visitor(request)
    messages.success(request, _("All that we knew of your visits is erased."))
    answer = redirect("your-data")
    answer.delete_cookie(settings.SHOPRECO.get("VISITOR_COOKIE", "shopreco_visitor"))
    return answer


@require_POST
def switch_ranking(request: HttpRequest) -> HttpResponse:
    """Switch personal ranking off, or on again."""
    if request.POST.get("personal") == "on":
        services.opt_in(request)
    else:
        services.opt_out(request)
    return redirect("your-data")


@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Keep what the visitor chooses in the banner, or later on their page."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, request.get_host(), request.is_secure()):
        back = "/"
    answer = redirect(back)
    if (choice := request.POST.get("consent")) in CHOICES:
        answer.set_cookie(
            COOKIE, str(choice), MONTHS_6, secure=request.is_secure(), httponly=True, samesite="Lax"
        )
    return answer
