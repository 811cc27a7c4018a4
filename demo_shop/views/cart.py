from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from demo_shop.cart import Cart
from demo_shop.models import Product
from shopreco import services


@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    current = Cart(request.session)
    lines = list(current)
    products = [line.product.parent or line.product for line in lines]
    context = {"lines": lines, "products": products, "totals": current.totals()}
    return render(request, "shop/cart.html", context)


@require_POST
def add_to_cart(request: HttpRequest) -> HttpResponse:
    product = _posted_product(request)
    current = Cart(request.session)
    if product.price is None or product.stock < 1 or product.variants.exists():
        messages.error(request, _("“%(title)s” cannot be bought now.") % {"title": product})
        return redirect(product)
    current.add(product, max(1, _posted_quantity(request)))
    messages.success(request, _("“%(title)s” is in your cart.") % {"title": product})
    return redirect("cart")


@require_POST
def change_cart(request: HttpRequest) -> HttpResponse:
    """Set the quantity of a product in the cart; 0 takes it out."""
    product = _posted_product(request)
    quantity = _posted_quantity(request)
    Cart(request.session).set(product, quantity)
    if quantity < 1:
        messages.success(request, _("“%(title)s” was removed.") % {"title": product})
    return redirect("cart")


@require_POST
def check_out(request: HttpRequest) -> HttpResponse:
    """Pretend that the cart is paid, and say so to shopreco, as a shop does when money arrives."""
    current = Cart(request.session)
    lines = list(current)
    if not lines:
        return redirect("cart")
    number = get_random_string(10, "23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    totals = current.totals()
    amount, currency = totals[0] if len(totals) == 1 else (None, "")
    services.track(
        "purchase",
        [(line.product, line.quantity, line.product.price) for line in lines],
        request=request,
        transaction_id=number,
        value=amount,
        currency=currency,
    )
    current.clear()
    return redirect("thanks", number=number)


@require_safe
def thanks(request: HttpRequest, number: str) -> HttpResponse:
    return render(request, "shop/thanks.html", {"number": number})


def _posted_product(request: HttpRequest) -> Product:
    try:
        key = UUID(request.POST.get("product", ""))
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Product.objects.live(), pk=key)


def _posted_quantity(request: HttpRequest) -> int:
    text = request.POST.get("quantity", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
