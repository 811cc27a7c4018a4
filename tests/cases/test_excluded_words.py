"""What a query does not want is not asked for, and small words ask for nothing."""

from __future__ import annotations

import pytest

from shopreco.text.exclusion import without_excluded


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
