from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from shopreco.admin import AdminTab
from shopreco.admin.pages import ShopRecoAdmin
from shopreco.models import Item


def cheapest(page: ShopRecoAdmin, request: HttpRequest) -> HttpResponse:
    """The cheapest products, in the frame of the other pages."""
    items = Item.objects.indexed().exclude(price=None).order_by("price")[:3]
    context = page.page_context(request, title="The cheapest products") | {"items": items}
    return TemplateResponse(request, "extension/cheapest.html", context)


CHEAPEST = AdminTab(Item, "Cheapest", cheapest, permission="shopreco.view_item", position=80)
