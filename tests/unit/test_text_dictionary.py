"""Known values in running text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopreco.text.dictionary import Dictionary, is_telling

LABELS = [
    "Walnut",
    "Oak",
    "Light blue",
    "Blue",
    "Black and white",
    "Striped",
    "胡桃木",
    "红色",
    "深红色",
]


def said(text: str, language: str = "en", labels: list[str] = LABELS) -> list[str]:
    dictionary = Dictionary((label, label) for label in labels)
    return [mention.value for mention in dictionary.mentions(text, language)]


def test_values_are_found_as_whole_words_in_any_case() -> None:
    assert said("Solid WALNUT desk, blue legs") == ["Walnut", "Blue"]
    assert said("Oakley sunglasses, blueish") == []


def test_of_overlapping_values_the_longest_counts() -> None:
    assert said("a light-blue vase") == ["Light blue"]
    assert said("a blue light") == ["Blue"]
    assert said("深红色台灯", "zh") == ["深红色"]


def test_function_words_inside_a_value_do_not_matter() -> None:
    assert said("Black & white print") == said("black white print") == ["Black and white"]


def test_a_value_that_is_said_twice_is_found_once() -> None:
    assert said("Oak table. The oak is oiled.") == ["Oak"]


def test_inflected_words_are_found_but_not_exact() -> None:
    dictionary = Dictionary([("Striped", "s"), ("Schwarz", "b")])
    assert dictionary.mentions("shirt with stripes", "en") == [("s", False)]
    assert dictionary.mentions("striped shirt", "en") == [("s", True)]
    assert dictionary.mentions("schwarzes Hemd", "de") == [("b", False)]


def test_of_labels_that_differ_only_by_inflection_the_exact_one_is_meant() -> None:
    assert said("striped shirt", labels=["Striped", "Stripes"]) == ["Striped"]
    assert said("stripe shirt", labels=["Striped", "Stripes"]) == ["Striped", "Stripes"]


def test_chinese_needs_no_spaces_and_no_segmenter() -> None:
    assert said("北欧实木胡桃木台灯红色款", "zh") == ["胡桃木", "红色"]
    assert said("IKEA胡桃木desk", "en") == ["胡桃木"]


@pytest.mark.parametrize(
    "text",
    [
        "desk without walnut",
        "walnut-free snack",
        "faux walnut shelf",
        "walnut look laminate",
        "仿胡桃木书桌",
        "胡桃木色书桌",
    ],
)
def test_what_is_denied_or_imitated_is_not_said(text: str) -> None:
    assert said(text) == []


def test_a_label_may_stand_for_several_values() -> None:
    dictionary = Dictionary([("Orange", "colour"), ("orange", "flavour")])
    found = dictionary.mentions("orange juice", "en")
    assert [mention.value for mention in found] == ["colour", "flavour"]


@pytest.mark.parametrize("label", ["XL", "12", "40 W", "yes", " Other ", "N/A", "红", "", "其他"])
def test_short_and_empty_labels_are_left_out(label: str) -> None:
    assert not is_telling(label)
    assert said(f"a {label} lamp", labels=[label]) == []


def test_full_width_and_accents_are_the_same_value() -> None:
    assert said("ｗａｌｎｕｔ desk") == ["Walnut"]
    assert said("robe rosé", "fr", ["Rose"]) == ["Rose"]


@given(st.text(max_size=200), st.sampled_from(["en", "zh", "de", "th", "", "xx"]))
def test_any_text_is_read(text: str, language: str) -> None:
    assert set(said(text, language)) <= set(LABELS)
    assert set(said("walnut", language, [text, "walnut"])) <= {text, "walnut"}


def test_threads_share_a_dictionary() -> None:
    dictionary = Dictionary((label, label) for label in LABELS)
    languages = ["en", "de", "fr", "zh"] * 25
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda code: dictionary.mentions("walnut", code), languages))
    assert {tuple(m.value for m in mentions) for mentions in found} == {("Walnut",)}
