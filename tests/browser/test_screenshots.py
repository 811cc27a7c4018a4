"""The screenshots that `manage.py screenshots` takes of a running demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from PIL import Image

from demo_shop.models import Product
from devtools.screenshots import SCREENS, take_screenshots

PAGES = ("home", "category", "search", "product", "cart", "admin", "admin-items")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("live_shop")
def test_every_page_is_taken_as_wide_as_each_screen(
    chromium: Any, live_server: Any, tmp_path: Path
) -> None:
    # WhiteNoise warns of a folder that `collectstatic` has not made yet.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    User.objects.create_superuser("keeper", password="keeper")
    # A shopper passes over what cannot be bought.
    Product.objects.exclude(sku="AL-0003").update(stock=0)
    folder = tmp_path / "shots"
    taken = list(
        take_screenshots(chromium, folder, live_server.url, "keeper", "keeper", query="desk lamp")
    )
    assert taken == [folder / f"{page}-{screen}.png" for screen in SCREENS for page in PAGES]
    for screen, (width, _height) in SCREENS.items():
        for page in PAGES:
            with Image.open(folder / f"{page}-{screen}.png") as picture:
                assert picture.width == width, (page, screen)


def test_without_a_demo_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="make demo PORT=1"):
        call_command("screenshots", tmp_path, port=1)
    assert list(tmp_path.iterdir()) == []
