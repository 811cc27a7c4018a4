"""What a text is cut into."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopreco.text import Token, detect_language, fold, get_analyser, normalise_query, term_id
from shopreco.text.analysis import CHARACTER, COMPOUND, PART
from shopreco.text.languages import LANGUAGES
from shopreco.text.segmentation import bigrams

English = get_analyser("en")
LAMP = 556158563


def terms(text: str, language: str = "en") -> list[str]:
    return [token.term for token in get_analyser(language).tokens(text)]


def share_a_term(first: str, second: str, language: str = "en") -> bool:
    return bool(set(terms(first, language)) & set(terms(second, language)))


def test_words_are_stemmed_and_keep_how_they_were_written() -> None:
    assert English.tokens("Brushes") == [Token("brush", "brushes")]


def test_stop_words_go_and_words_that_shoppers_mean_stay() -> None:
    assert terms("the hose for a washer with filter") == ["hose", "for", "washer", "with", "filter"]


def test_accents_and_full_width_letters_make_no_difference() -> None:
    assert terms("Café") == terms("cafe") == terms("ＣＡＦＥ")


@pytest.mark.parametrize(
    ("written", "also_written"),
    [
        ("120-Volt", "120v"),
        ("120 volts", "120V"),
        ("5 ft.", "5 feet"),
        ("5'", "5 foot"),
        ("1 gal.", "1 gallon"),
        ("1/2 in.", '1/2"'),
        ("1/2 in.", ".5 inch"),
        ("1/2 in.", "½ in"),
        ("5-1/2 in.", "5 1/2 inches"),
        ("5-1/2 in.", "5.5 in"),
        ("1,000 lbs", "1000 lb"),
        ("20 m²", "20 sq. m"),
        ("2,5 l", "2.5 litres"),
    ],
)
def test_one_quantity_is_one_set_of_terms_however_it_is_written(
    written: str, also_written: str
) -> None:
    assert set(terms(written)) == set(terms(also_written))


def test_a_quantity_is_kept_whole_and_split_and_the_whole_weighs_less_in_a_query() -> None:
    assert English.tokens("120-Volt") == [
        Token("120", "120"),
        Token("v", "v"),
        Token("120v", "120v", COMPOUND),
    ]


@pytest.mark.parametrize(
    "written", ["2x4", "2 x 4", "2 in. x 4 in.", '2" x 4"', "2in.x4in.", "2 by 4", "2×4", "2*4"]
)
def test_dimensions_are_kept_whole_and_split(written: str) -> None:
    assert {"2", "4", "2x4"} <= set(terms(written))


def test_three_dimensions_are_found_by_two() -> None:
    assert {"2x4", "4x8"} <= set(terms("2 in. x 4 in. x 8 ft."))


def test_a_number_with_a_fraction_is_found_by_its_whole() -> None:
    assert "24" in terms("GE 24.7 cu. ft. refrigerator")


def test_a_wire_of_twelve_three_is_no_fraction() -> None:
    assert {"12", "3", "12/3"} == set(terms("12/3"))


def test_a_version_stays_whole() -> None:
    assert terms("1.2.3") == ["1.2.3"]


def test_screw_sizes_keep_their_hash() -> None:
    assert {"8", "#8"} == set(terms("#8"))


def test_model_numbers_are_kept_whole_and_their_parts_weigh_half_in_a_query() -> None:
    assert English.tokens("HT5110") == [
        Token("ht5110", "ht5110"),
        Token("ht", "ht", PART),
        Token("5110", "5110", PART),
    ]


def test_model_numbers_are_found_with_and_without_hyphens() -> None:
    assert "ht5110" in terms("HT-5110")
    assert "k58711a20" in terms("K5871-1A2-0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("men's", ["men"]),
        ("men’s", ["men"]),
        ("AT&T", ["att"]),
        ("U.S.", ["us"]),
        ("black&decker", ["black", "decker"]),
        ("snake_case", ["snake", "case"]),
        ("self-drilling", ["self", "drill"]),
        ("wi-fi", ["wi", "fi", "wifi"]),
        ("O'Neill", ["oneil"]),
    ],
)
def test_apostrophes_points_and_signs_inside_words(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_french_articles_are_cut_off() -> None:
    assert terms("l'huile d’olive", "fr") == terms("huile olive", "fr")


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [
        ("de", "Haus", "Häuser"),
        ("fr", "cheval blanc", "chevaux blancs"),
        ("es", "camisa", "camisas"),
        ("it", "lampada", "lampade"),
        ("pt", "cadeira", "cadeiras"),
        ("nl", "lamp", "lampen"),
        ("ru", "лампа", "лампы"),
        ("sv", "lampa", "lampor"),
        ("tr", "kitap", "kitaplar"),
        ("hu", "asztal", "asztalok"),
        ("el", "λάμπα", "λάμπες"),
    ],
)
def test_singular_finds_plural(language: str, one: str, many: str) -> None:
    assert share_a_term(one, many, language)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_has_a_stemmer_and_leaves_its_stop_words_out(language: str) -> None:
    analyser = get_analyser(language)
    assert analyser.language == language
    assert analyser.tokens(" ".join(LANGUAGES[language].function_words)) == []
    assert analyser.tokens("gps 120v")


@pytest.mark.parametrize(("words", "language"), [("d en és", "ca"), ("j en à", "fr")])
def test_stop_words_in_a_row_are_no_initials(words: str, language: str) -> None:
    assert get_analyser(language).tokens(words) == []
    assert "hm" in terms("h & m", language)


def test_words_of_other_scripts_stay_whole() -> None:
    assert terms("हिन्दी किताब", "") == ["हिन्दी", "किताब"]
    assert terms("שולחן כתיבה", "") == ["שולחן", "כתיבה"]


def test_unknown_languages_are_read_as_plain_words() -> None:
    assert get_analyser("xx").language == ""
    assert terms("Brushes", "xx") == ["brushes"]


def test_regions_and_scripts_of_a_language_share_its_analyser() -> None:
    assert get_analyser("pt-BR") is get_analyser("pt")
    assert get_analyser("zh_Hans") is get_analyser("zh")
    assert get_analyser("nb") is get_analyser("no")


def test_chinese_is_cut_into_words() -> None:
    pytest.importorskip("jieba")
    assert {"不锈钢", "保温杯"} <= set(terms("不锈钢保温杯", "zh"))


def test_chinese_mixed_with_latin_and_quantities() -> None:
    found = terms("Apple手机壳500毫升iPhone15 Pro cases", "zh")
    assert {"appl", "500", "iphone15", "pro", "case"} <= set(found)
    assert share_a_term("Apple手机壳", "手机", "zh")


WITHOUT_JIEBA = """
import sys
sys.modules["jieba"] = None
from shopreco.text import get_analyser
print(" ".join(token.term for token in get_analyser("zh").tokens("保温杯 red")))
"""


def test_chinese_without_jieba_is_cut_into_bigrams() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", WITHOUT_JIEBA], capture_output=True, check=True
    )
    assert run.stdout.decode().split() == ["保温", "温杯", "保", "温", "杯", "red"]


def test_unspaced_scripts_in_any_language_are_cut_into_bigrams() -> None:
    assert terms("保温杯", "en") == ["保温", "温杯", "保", "温", "杯"]
    assert terms("ラーメン", "ja") == bigrams("ラーメン")


def test_a_character_that_is_a_word_is_found_in_longer_words_and_weighs_little_there() -> None:
    assert get_analyser("zh").tokens("灯") == [Token("灯", "灯")]
    assert Token("灯", "灯", CHARACTER) in get_analyser("ja").tokens("台灯")
    assert share_a_term("컵", "머그컵", "ko")


IMPORTED = """
import sys
import shopreco.text
assert not {"jieba", "torch", "django", "numpy"} & sys.modules.keys(), "importing is free"
"""


def test_importing_loads_no_dictionary_no_django_and_no_torch() -> None:
    subprocess.run([sys.executable, "-c", IMPORTED], check=True)


def test_the_version_names_what_the_tokens_depend_on() -> None:
    versions = {get_analyser(code).version for code in (*LANGUAGES, "zh", "")}
    assert len(versions) == len(LANGUAGES) + 2
    assert "jieba" in get_analyser("zh").version or "bigrams" in get_analyser("zh").version


def test_threads_share_an_analyser() -> None:
    texts = [f"word{i}ing running shelves number {i}" for i in range(500)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(English.tokens, texts))
    assert together == [English.tokens(text) for text in texts]


@pytest.mark.parametrize("language", ["en", "fr", "tr", "hi", "zh", ""])
@given(text=st.text(max_size=300))
def test_any_text_has_tokens_that_can_be_indexed(language: str, text: str) -> None:
    for token in get_analyser(language).tokens(text):
        assert token.term
        assert token.surface
        assert 0 < token.weight <= 1
        assert not any(character.isspace() for character in token.term)
        assert 1 <= term_id(token.term) <= 10**9 - 1


@pytest.mark.parametrize(
    "text",
    ["", "   ", "1/0", "0/0", "9" * 5000, "a" * 10_000, "x" * 5000 + "4", "1 " * 5000,
     "1x" * 5000, "a.b." * 3000, "a-" * 5000 + "1", "'" * 5000, "½" * 3000, "²³", "٣/٤", "\ud800",
     "👩‍👩‍👧‍👦 emoji", "\u202egnp.exe", "1-" * 5000, "漢" * 3000],
)  # fmt: skip
def test_hostile_texts_are_analysed_at_once(text: str) -> None:
    for language in ("en", "fr", "zh", ""):
        get_analyser(language).tokens(text)


def test_term_ids_are_stable() -> None:
    # Stored in every index: another value would make them all wrong.
    assert term_id("lamp") == LAMP
    assert term_id("lamps") != LAMP


def test_folding_keeps_what_tells_letters_apart() -> None:
    assert fold("crème brûlée") == "creme brulee"
    assert fold("smørrebrød") == "smorrebrod"
    assert fold("ёлка") == "елка"
    assert fold("йод") == "йод"
    assert fold("किताब") == "किताब"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  red\t\nlamp ", "red lamp"),
        ("red\x00lamp", "red lamp"),
        ("ＬＥＤ　灯", "LED 灯"),
        ("Café Größe", "Café Größe"),
        ("a\ud800b", "ab"),
        ("", ""),
        ("\x07", ""),
    ],
)
def test_queries_are_cleaned_and_keep_case_and_accents(text: str, expected: str) -> None:
    assert normalise_query(text) == expected


def test_long_queries_are_cut_between_words() -> None:
    assert normalise_query("lamp " * 2000, 13) == "lamp lamp"
    assert normalise_query("x" * 10_000, 200) == "x" * 200


@given(text=st.text(max_size=500), limit=st.integers(1, 100))
def test_normalised_queries_are_short_printable_and_stay_as_they_are(text: str, limit: int) -> None:
    once = normalise_query(text, limit)
    assert len(once) <= limit
    assert once == once.strip()
    once.encode("utf-8")
    assert normalise_query(once, limit) == once


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("wireless mouse", "en"),
        ("the best lamp for your desk", "en"),
        ("不锈钢保温杯", "zh"),
        ("Apple 手机壳 iPhone", "zh"),
        ("コーヒーメーカー", "ja"),
        ("настольная лампа", "ru"),
        ("επιτραπέζιο φωτιστικό", "el"),
        ("مصباح مكتبي", "ar"),
        ("चमड़े का बटुआ", "hi"),
        ("Schreibtischlampe für das Büro mit Dimmer", "de"),
        ("lampe de bureau avec variateur pour la maison et le jardin", "fr"),
        ("lámpara de escritorio para la casa y el jardín", "es"),
        ("lampada da scrivania per la casa e il giardino", "it"),
        ("çalışma masası lambası ışık", "tr"),
        ("lampa na biurko ze ściemniaczem i żarówką", "pl"),
        ("10 µm Ω resistor kit", "en"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "x200", "Philips Hue", "!!!", "123"])
def test_a_text_that_does_not_say_is_in_the_default_language(text: str) -> None:
    assert detect_language(text, default="de") == "de"


@given(st.text(max_size=200))
def test_any_text_gets_a_language(text: str) -> None:
    assert detect_language(text, default="") is not None
