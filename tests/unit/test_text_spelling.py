"""What a shopper meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopreco.text import (
    Analyser,
    KnownTerm,
    QueryTerm,
    Token,
    deletions,
    ending_with,
    found_by,
    get_analyser,
    inverse_document_frequency,
    nearest_term,
    query_terms,
    query_weights,
)
from shopreco.text.compounds import MIN_SPLIT_FREQUENCY, endings
from shopreco.text.reading import CORRECTION

ENGLISH = get_analyser("en")


class Titles:
    """A lexicon of a few titles, each occurring a number of times. Counts its look-ups."""

    def __init__(self, titles: Mapping[str, int], analyser: Analyser = ENGLISH) -> None:
        self.known: dict[str, KnownTerm] = {}
        counts: Counter[str] = Counter()
        for title, times in titles.items():
            for token in set(analyser.tokens(title)):
                counts[token.term] += times
                self.known[token.term] = KnownTerm(token.term, token.surface, counts[token.term])
        self.looked_up = 0

    def frequencies(self, terms: Collection[str], guesses: Collection[str] = ()) -> dict[str, int]:
        self.looked_up += 1
        asked = (*terms, *guesses)
        return {term: self.known[term].frequency for term in asked if term in self.known}

    def similar(self, words: Collection[Token]) -> dict[str, Sequence[KnownTerm]]:
        self.looked_up += 1
        return {word.surface: list(self.known.values()) for word in words}

    def compounds(self, terms: Collection[str]) -> dict[str, Sequence[KnownTerm]]:
        return {
            term: found
            for term in terms
            if (found := [k for k in self.known.values() if term in endings(k.term)])
        }


SHOP = Titles(
    {
        "door knob": 20,
        "doorbell": 5,
        "bathroom vanity": 30,
        "faucet": 40,
        "120-Volt lamp": 9,
        "lawn mower": 12,
    }
)


def read(text: str, lexicon: Titles = SHOP) -> dict[str, QueryTerm]:
    return {t.term: t for t in query_terms(ENGLISH.tokens(text), ENGLISH, lexicon)}


def test_known_words_are_taken_as_they_are() -> None:
    assert read("Faucets") == {"faucet": QueryTerm("faucet", 1.0, 40, "faucets", "faucets")}


def test_a_known_query_costs_one_look_up() -> None:
    shop = Titles({"desk lamp": 3})
    read("desk lamps", shop)
    assert shop.looked_up == 1


def test_a_misspelt_word_is_corrected_and_weighs_less() -> None:
    term = read("bathroom faucett")["faucet"]
    assert (term.typed, term.read_as, term.weight) == ("faucett", "faucet", CORRECTION)


def test_a_known_word_is_never_corrected() -> None:
    shop = Titles({"rain": 1, "drain": 500})
    assert set(read("rain", shop)) == {"rain"}


def test_a_compound_that_nobody_writes_is_split() -> None:
    found = read("doorknob")
    assert set(found) == {"door", "knob"}
    assert found["door"].typed == "doorknob"


def test_a_split_into_rare_short_words_is_not_trusted() -> None:
    shop = Titles({"doorman": 2, "car": MIN_SPLIT_FREQUENCY - 1, "port": 100})
    assert read("carport", shop) == {}
    assert set(read("doorknob", Titles({"door": 1, "knob": 1}))) == {"door", "knob"}


def test_one_wrong_letter_is_likelier_than_a_missing_space() -> None:
    shop = Titles({"door": 50, "bells": 50, "doorbell": 5})
    assert set(read("doorbwll", shop)) == {"doorbel"} or set(read("doorbwll", shop)) == {"doorbell"}


def test_neighbours_that_the_catalogue_writes_as_one_are_joined() -> None:
    found = read("door bell")
    assert found["doorbel" if "doorbel" in found else "doorbell"].read_as == "doorbell"
    assert "door" in found


def test_a_word_that_was_joined_is_not_corrected_too() -> None:
    shop = Titles({"doorbell": 5, "bull": 9, "ball": 9})
    assert {t.read_as for t in read("door bell", shop).values()} == {"doorbell"}


def test_short_unknown_words_and_numbers_are_left_alone() -> None:
    assert read("fau 121") == {}


def test_unknown_words_that_are_like_nothing_are_left_out() -> None:
    assert read("xylophonist") == {}


def test_a_term_counts_once_with_its_greatest_weight() -> None:
    assert read("faucett faucet")["faucet"].weight == 1.0
    assert read("faucet faucet faucett")["faucet"].typed == "faucet"


def test_wholes_keep_their_small_weight() -> None:
    found = read("120 v lamp")
    assert found["120v"].weight < found["120"].weight == 1.0


def test_weights_are_idf_times_weight() -> None:
    terms = [QueryTerm("lamp", 0.7, 9, "lanp", "lamp")]
    expected = 0.7 * inverse_document_frequency(9, 100)
    assert query_weights(terms, 100) == ({"lamp": pytest.approx(expected)}, pytest.approx(expected))


def test_an_empty_query_asks_for_nothing() -> None:
    assert read("") == read("the of !!!") == {}


def known(surface: str, frequency: int = 10) -> KnownTerm:
    return KnownTerm(surface, surface, frequency)


def test_the_nearest_of_several_is_the_likeliest() -> None:
    assert nearest_term("vanitiy", [known("vanity", 3), known("sanity", 99)]) == (
        known("vanity", 3),
        1,
    )
    # As far, but people seldom get the first letter wrong.
    assert nearest_term("lampp", [known("clamp", 99), known("lamps", 3)]) == (known("lamps", 3), 1)
    # As far: the more frequent.
    assert nearest_term("lanp", [known("lamp", 9), known("land", 3)]) == (known("lamp", 9), 1)


def test_short_words_may_have_one_mistake_and_longer_ones_two() -> None:
    assert nearest_term("lxxp", [known("lamp")]) is None
    assert nearest_term("fxxcet", [known("faucet")]) == (known("faucet"), 2)
    assert nearest_term("fxxxet", [known("faucet")]) is None


def test_a_word_of_one_document_is_meant_by_what_is_one_edit_away() -> None:
    assert nearest_term("faucett", [known("faucet", 1)]) == (known("faucet", 1), 1)
    assert nearest_term("fuacett", [known("faucet", 1)]) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("hoddie", "hoodies"), ("jakcet", "jackets"), ("shrit", "shirts"), ("pnats", "pants"),
     ("shrots", "shorts"), ("wathc", "watches"), ("lantarn", "lanterns"), ("brsuh", "brushes")],
)  # fmt: skip
def test_one_edit_finds_a_word_that_the_catalogue_has_in_another_form(
    typed: str, meant: str
) -> None:
    shop = Titles({meant: 1, "water": 50, "hood": 3, "short sleeve": 1})
    assert ENGLISH.tokens(meant)[0].term in read(typed, shop)


WORD = st.text("abcdefgh", min_size=5, max_size=12)


@given(word=WORD, place=st.integers(0, 10), letter=st.sampled_from("abcdexyz"))
def test_what_is_one_edit_away_has_a_deletion_in_common(word: str, place: int, letter: str) -> None:
    place %= len(word) - 1
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    replaced = word[:place] + letter + word[place + 1 :]
    longer = word[:place] + letter + word[place:]
    for typed in (swapped, replaced, longer, word[:place] + word[place + 1 :]):
        assert deletions(word) & deletions(typed)


GERMAN = get_analyser("de")


def test_a_word_is_found_in_the_compounds_that_end_with_it() -> None:
    shop = Titles({"Tischlampe": 2, "Stehlampe": 1, "Regenjacke": 5}, GERMAN)
    found = {t.term: t for t in query_terms(GERMAN.tokens("Lampe"), GERMAN, shop)}
    assert found.keys() == {"lamp", "tischlamp", "stehlamp"}
    assert found["lamp"].frequency == 3
    # A compound is another way to have the word, and no further word that is asked for.
    weights, mass = query_weights(found.values(), 10)
    assert mass == weights["lamp"] > weights["tischlamp"] > 0


def test_a_compound_has_both_words_that_it_is_made_of() -> None:
    shop = Titles({"Kinderschuhe": 2, "Damen Schuhe": 2, "Kinder Hose": 1}, GERMAN)
    found = query_terms(GERMAN.tokens("Schuhe Kinder"), GERMAN, shop)
    weights, mass = query_weights(found, 10)
    assert weights["kinderschuh"] == pytest.approx(0.8 * mass)


@pytest.mark.parametrize("language", ["de", "de-AT", "de_CH", "DE"])
def test_a_compound_is_kept_with_its_endings_in_every_region(language: str) -> None:
    assert ending_with("lamp") in found_by("tischlamp", "tischlampe", language)
    assert ending_with("lamp") not in found_by("tischlamp", "tischlampe", "en")
    assert ending_with("lamp") in found_by("bordlamp", "bordlampe", "nb")


def test_english_words_are_not_looked_for_inside_others() -> None:
    assert set(read("bell", Titles({"doorbell": 3}))) == set()


@given(st.text(max_size=200))
def test_any_query_can_be_read(text: str) -> None:
    for term in query_terms(ENGLISH.tokens(text), ENGLISH, SHOP):
        assert term.frequency > 0
        assert 0 < term.weight <= 1
