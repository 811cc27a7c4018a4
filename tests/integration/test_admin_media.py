"""The pictures of an item in the admin, and what they add to a likeness."""

from __future__ import annotations

import re

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from shopreco.fusion import MIN_PAIRS
from shopreco.indexing.modality_vectors import MAX_PICTURES
from shopreco.models import ModalityVector
from tests.helpers.index import active_space, index, item_of
from tests.helpers.posters import COLOURS, POSTER, drawn, gallery, poster
from tests.integration.test_admin_pages import text
from tests.testapp.catalogues import PosterCatalogue
from tests.testapp.models import Picture, Poster

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "shop"]),
    pytest.mark.usefixtures("poster_media"),
]

RED = COLOURS["red"]


def page(client: Client, obj: Poster) -> str:
    return text(client.get(reverse("admin:shopreco_item_change", args=[item_of(obj).pk])))


def states(shown: str) -> list[str]:
    """What is said of each file, in order."""
    table = shown[shown.index("shopreco-media") :]
    return re.findall(r'shopreco-state [\w-]+">([^<]+)<', table[: table.index("</table>")])


def test_pictures_are_shown_with_their_state(admin_client: Client) -> None:
    posters = gallery(MIN_PAIRS)
    mixed = poster("red poster", ContentFile(b"\x89PNG not at all", name="bad.png"), drawn(RED))
    many = poster("red poster", *[drawn(RED) for _ in range(MAX_PICTURES + 1)])
    index(POSTER, rebuild=True)

    shown = page(admin_client, mixed)
    assert states(shown) == ["cannot be read", "encoded"]
    bad, good = mixed.pictures.all()
    assert item_of(mixed).media_problems["image"][bad.file.name] in shown
    assert f'<img src="{good.file.url}"' in shown
    assert states(page(admin_client, many)) == [
        *["encoded"] * MAX_PICTURES,
        "not used, for there are others before it",
    ]

    Picture.objects.create(poster=posters[0], file=drawn(RED))
    assert states(page(admin_client, posters[0])) == ["not encoded yet"] * 2


def test_pictures_that_the_space_does_not_use_say_so(admin_client: Client) -> None:
    few = gallery(2)  # too few to learn from
    index(POSTER, rebuild=True)
    assert states(page(admin_client, few[0])) == ["not used by the version that answers"]


def test_neighbours_show_what_each_modality_adds_to_their_cosine(admin_client: Client) -> None:
    posters = gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    assert "image" in active_space(POSTER).weights
    shown = page(admin_client, posters[0])
    table = shown[shown.index("shopreco-neighbours") :]
    first = table[table.index("<tbody>") : table.index("</tr>", table.index("<tbody>"))]
    cosine, *parts = (float(each) for each in re.findall(r"-?\d\.\d{3}", first))
    kinds = re.findall(r'shopreco-bar shopreco-bar-(\w+)"', first)
    added = dict(zip(kinds, parts, strict=True))
    assert sum(parts) == pytest.approx(cosine, abs=5e-3)
    assert min(added["text"], added["image"]) > 0
    assert added["video"] == 0  # it has none


def test_a_shop_whose_code_fails_does_not_take_the_page_away(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    posters = gallery(1)
    index(POSTER, rebuild=True)

    def broken(*_args: object) -> object:
        raise OSError("no such bucket")

    monkeypatch.setattr(PosterCatalogue, "prepare_image", broken, raising=False)
    assert "no such bucket" in page(admin_client, posters[0])
    assert ModalityVector.objects.exists()
