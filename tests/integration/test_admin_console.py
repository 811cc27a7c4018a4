"""The search console: what it explains, and that no question breaks it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from shopreco.models import EmbeddingSpace, EncoderSpecification, Item, SpaceState
from tests.helpers.demo import CATALOGUE
from tests.integration.test_admin_pages import HOSTILE, text

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def ask(admin_client: Client) -> Any:
    def get(**asked: str) -> str:
        asked = {"catalogue": CATALOGUE, **asked}
        return text(admin_client.get(reverse("admin:shopreco_item_console"), asked))

    return get


def test_it_needs_the_permission_to_see_items(client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(reverse("admin:shopreco_item_console")).status_code == 403


def test_it_opens_without_a_question(admin_client: Client) -> None:
    shown = text(admin_client.get(reverse("admin:shopreco_item_console")))
    assert "price_min" in shown  # the filters that the catalogue offers
    assert "shopreco-results" not in shown


def test_an_answer_shows_scores_words_timings_and_plans(ask: Any) -> None:
    shown = ask(q="brass desk lamps")
    first = shown[shown.index("<tbody>") : shown.index("</tr>", shown.index("<tbody>"))]
    assert "Brass desk lamp" in first
    assert "shopreco-bar-text" in first
    assert "words" in first
    assert "<rect" in first
    item = Item.objects.get(title="Brass desk lamp")
    assert reverse("admin:shopreco_item_change", args=[item.pk]) in first
    assert "<code>lamp</code>" in shown
    assert "hydrate" in shown
    space = EmbeddingSpace.objects.get()
    assert f"shopreco_hnsw_{space.pk}" in shown
    assert f"shopreco_terms_{space.pk}" in shown
    assert "rows)" in shown
    assert "style=" not in shown.split('id="content-main"')[1]


def test_plans_are_measured_on_request(ask: Any) -> None:
    assert not re.search(r"\d ms</h3>", ask(q="lamp"))
    assert re.search(r"\d ms</h3>", ask(q="lamp", measure="on"))


def test_it_says_whether_the_indexes_are_used(ask: Any) -> None:
    assert "does not use" in ask(q="lamp")  # for twelve rows PostgreSQL has cheaper ways
    with connection.cursor() as cursor:
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    space = EmbeddingSpace.objects.get()
    assert f"uses shopreco_hnsw_{space.pk}" in ask(q="lamp", measure="on")


def test_words_that_no_item_has_are_shown_too(ask: Any) -> None:
    assert "<code>xylophon</code>" in ask(q="xylophone lamp")


def test_filters_are_read_line_by_line(ask: Any) -> None:
    shown = ask(q="lamp", filters="brand = Marlow\n\nprice_max=60")
    results = shown[shown.index("shopreco-results") :]
    assert "Desk lamp with shade" in results
    assert "Brass desk lamp" not in results


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ("colour", "is not of the form name = value"),
        ("price_min = much", "must be a number"),
        ("b" * 101 + "\t= x", "is not a filter"),
        ("language = \ud800".encode("utf-8", "replace").decode(), ""),
    ],
)
def test_wrong_filters_are_errors_of_the_form(ask: Any, filters: str, message: str) -> None:
    assert message in ask(q="lamp", filters=filters)


@pytest.mark.parametrize("question", ["", "the and of", *HOSTILE])
@pytest.mark.parametrize("measure", ["", "on"])
def test_no_question_breaks_it(ask: Any, question: str, measure: str) -> None:
    ask(q=question, measure=measure)


def test_impossible_choices_are_refused(ask: Any) -> None:
    assert "Select a valid choice" in ask(q="lamp", catalogue="auth.user")
    assert "Select a valid choice" in ask(q="lamp", sort="random()")


def test_it_says_why_there_is_no_answer(ask: Any) -> None:
    EmbeddingSpace.objects.update(state=SpaceState.RETIRED)
    assert "no active space" in ask(q="lamp")


def test_it_says_when_meaning_is_missing(ask: Any) -> None:
    config = {"CLASS": "shopreco.encoders.SentenceTransformerEncoder", "MODEL": "/nowhere"}
    space = EmbeddingSpace.objects.get()
    encoder = EncoderSpecification(config, "0" * 64, space.dimension)
    text = replace(space.specification.text, encoder=encoder)
    space.specification = replace(space.specification, modalities=(text,))
    space.save()
    shown = ask(q="brass lamp")
    assert "Brass desk lamp" in shown
    assert "shopreco-warning" in shown
