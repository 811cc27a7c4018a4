"""The pages of the shop. They use `shopreco.services` and its template tags only."""

from demo_shop.views.cart import add_to_cart, cart, change_cart, check_out, thanks
from demo_shop.views.home import home
from demo_shop.views.listing import category, photo, search
from demo_shop.views.media import media
from demo_shop.views.privacy import (
    consent,
    erase_data,
    export_data,
    switch_ranking,
    your_data,
)
from demo_shop.views.product import product

__all__ = [
    "add_to_cart",
    "cart",
    "category",
    "change_cart",
    "check_out",
    "consent",
    "erase_data",
    "export_data",
    "home",
    "media",
    "photo",
    "product",
    "search",
    "switch_ranking",
    "thanks",
    "your_data",
]
