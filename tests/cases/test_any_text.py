"""Nothing that a text contains raises: a query would lose its words, a product its place."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shopreco.text import detect_language, fold, get_analyser, normalise_query, term_id
from shopreco.text.dictionary import Dictionary
from shopreco.text.quantities import NUMBER, QUANTITY, read_number

LANGUAGES = ["en", "de", "fr", "zh", "ru", "tr", "ja", "ar", ""]
PIECES = st.one_of(
    st.text(max_size=20),
    st.from_regex(QUANTITY, fullmatch=True),
    st.from_regex(NUMBER, fullmatch=True),
    st.text(alphabet="0123456789 -/.,x*'\"#", max_size=30),
    st.sampled_from(["9" * 310 + " 1/2", "9" * 5_000, "٣/٤", "١ ١/٢", "½", "中文" * 50, "\ud800"]),
)
TEXTS = st.lists(PIECES, max_size=6).map(" ".join) | st.lists(PIECES, max_size=6).map("".join)


@settings(max_examples=60, deadline=None)
@given(text=TEXTS, language=st.sampled_from(LANGUAGES))
@example(text="9" * 310 + " 1/2", language="en")
@example(text="9" * 5_000 + "-1/2", language="en")
@example(text="9" * 5_000 + " 1/2 x " + "9" * 5_000 + " 1/2", language="de")
def test_any_text_has_tokens(text: str, language: str) -> None:
    for token in get_analyser(language).tokens(text):
        assert term_id(token.term)
    detect_language(text)
    normalise_query(text)
    fold(text)
    Dictionary([(text, 1)]).mentions(text, language)


@pytest.mark.parametrize(
    ("written", "value", "parts"),
    [
        ("1-1/2", "1.5", ("1", "0.5")),
        ("01 1/2", "1.5", ("1", "0.5")),
        ("0 1/2", "0.5", ("0", "0.5")),
        ("24 1/3", "24.3333", ("24", "0.3333")),
        ("7 998/999", "7.999", ("7", "0.999")),
        ("9" * 400 + " 1/2", "9" * 400 + ".5", ("9" * 400, "0.5")),
    ],
)
def test_a_mixed_number_is_its_whole_and_its_fraction(
    written: str, value: str, parts: tuple[str, ...]
) -> None:
    assert read_number(written) == (value, parts)
