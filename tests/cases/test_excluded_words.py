"""What a query does not want is not asked for, and small words ask for nothing."""

from __future__ import annotations

import pytest

from shopreco.text import get_analyser
from shopreco.text.exclusion import without_excluded
from tests.helpers.answers import found
from tests.helpers.index import index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])


@pytest.mark.parametrize(
    ("language", "query", "asked"),
    [
        ("en", "jacket not black", "jacket"),
        ("en", "not black jacket", "jacket"),
        ("en", "bag without wheels", "bag"),
        ("en", "bag without wheels for travel", "bag for travel"),
        ("en", "shirt without long sleeves", "shirt"),
        ("en", "lamp -floor", "lamp"),
        ("en", "lamp -floor -table white", "lamp white"),
        ("en", "red shirt, not striped, cotton", "red shirt, cotton"),
        ("de", "Rucksack ohne Rollen", "Rucksack"),
        ("de", "Jacke nicht schwarz", "Jacke"),
        ("de-AT", "Rucksack ohne Rollen", "Rucksack"),
        ("nb", "sekk uten hjul", "sekk"),
        ("pt-br", "mochila sem rodas", "mochila"),
        ("fr", "sac sans roulettes", "sac"),
        ("nl", "tas zonder wielen", "tas"),
        ("sv", "väska utan hjul", "väska"),
        ("es", "bolsa sin ruedas", "bolsa"),
        ("it", "borsa senza ruote", "borsa"),
        ("ru", "сумка без колёс", "сумка"),
        ("tr", "tekerlek olmayan çanta", "çanta"),
        ("ko", "바퀴 없는 가방", "가방"),
        # A hyphen inside a word, a number below zero and a dash between words exclude nothing.
        ("en", "t-shirt", "t-shirt"),
        ("en", "wi-fi router", "wi-fi router"),
        ("en", "sleeping bag -10", "sleeping bag -10"),
        ("en", "lamp - floor", "lamp - floor"),
        ("en", "-floor lamp", "-floor lamp"),
        # Nothing would be left.
        ("en", "without", "without"),
        ("en", "not black", "not black"),
        # Not the words of this language.
        ("de", "not", "not"),
        ("en", "", ""),
        ("xx", "bag without wheels", "bag without wheels"),
    ],
)
def test_what_is_excluded_is_not_asked_for(language: str, query: str, asked: str) -> None:
    assert without_excluded(query, language) == asked


@pytest.mark.parametrize(
    ("language", "text", "term"),
    [
        ("fr", "Aspirateur sans fil", "sans_fil"),
        ("de", "Schokolade ohne Zucker", "ohne_zuck"),
        ("pt", "Fone sem fio", "sem_fio"),
        ("hu", "Tea cukor nélkül", "nélkül_cu"),
        ("tr", "Şeker  olmayan çay", "olmayan_seker"),
    ],
)
def test_what_a_text_lacks_is_a_term_of_its_own(language: str, text: str, term: str) -> None:
    assert [token.term for token in get_analyser(language).without(text)] == [term]
    assert term in {token.term for token in get_analyser(language).tokens(text)}


def test_what_says_that_it_lacks_it_leads() -> None:
    """French shops call wireless what has no wire."""
    titles = ("Aspirateur traîneau avec fil", "Aspirateur balai sans fil", "Fil à coudre")
    for title in titles:
        Gadget.objects.create(name=title, text="Pour la maison et le jardin, avec notice.")
    index()
    answer = found("aspirateur sans fil", language="fr")
    assert answer[0] == "Aspirateur balai sans fil"
    assert answer[:2] != ["Aspirateur balai sans fil", "Fil à coudre"]


def test_what_has_it_is_not_before_what_is_asked_for() -> None:
    for title in ("Bag with wheels", "Canvas bag", "Wheels for trolleys", "Black wheels"):
        Gadget.objects.create(name=title)
    index()
    assert set(found("bag without wheels")[:2]) == {"Bag with wheels", "Canvas bag"}
