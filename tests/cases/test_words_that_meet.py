"""Two ways to write one thing have a term in common."""

from __future__ import annotations

import pytest

from shopreco.text import get_analyser

MEET = {
    "en": [
        ("T-shirt", "tshirt"),
        ("T-shirts", "tshirt"),
        ("T shirt", "tshirt"),
        ("Wi-Fi router", "wifi"),
        ("e-mail", "email"),
        ("PlayStation 5", "playstation5"),
        ("iPhone 15", "iphone15"),
        ("H&M", "h & m"),
        ("H&M", "h and m"),
        ("M&M's", "m and ms"),
        ("M&Ms", "m & m"),
        ("lens f/1.8", "f1.8"),
        ("USB 3.0", "usb3.0"),
        ("USB3", "usb3.0"),
        ("HDMI 2.1", "hdmi2.1"),
        ("1.000 g", "1000 g"),
        ("10.000 mAh", "10000mah"),
        ("flour 2.500 g", "2500g"),
    ],
    "de": [
        ("1.000 g Mehl", "1000 g"),
        ("Powerbank 10.000 mAh", "10000mAh"),
        ("T-Shirts", "Tshirt"),
        ("1,5 l", "1.5 l"),
    ],
    "fr": [("10\u202f000 mAh", "10000 mAh"), ("10 000 mAh", "10000 mAh")],
    "pl": [("Powerbank 20 000 mAh", "20000mAh"), ("1 000 000", "1000000")],
    "ru": [("Доска 20х60", "20x60"), ("Доска 20 х 60", "20x60"), ("ёлка", "елка")],
    "tr": [
        ("İNCE", "ince"),
        ("ISPARTA", "ısparta"),
        ("ISPARTA", "isparta"),
        ("KIRMIZI", "kirmizi"),
        ("Işık", "IŞIK"),
        ("ÇAY KAŞIĞI", "çay kaşığı"),
        ("T-shirt", "tshirt"),
    ],
    "fa": [
        ("کتاب\u200cخانه", "کتابخانه"),
        ("كتابي", "کتابی"),
        ("۱۲۰ ولت", "120"),
        ("تی\u200cشرت", "تی شرت"),
    ],
    "ar": [("١٢٠", "120"), ("كِتَاب", "كتاب"), ("أحمر", "احمر")],
    "ja": [
        ("りんご", "リンゴ"),
        ("スマホケース", "スマホ ケース"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("Tシャツ", "T シャツ"),
        ("台灯", "灯"),
    ],
    "ko": [
        ("무선이어폰", "이어폰"),
        ("가죽가방", "가죽 가방"),
        ("의자를", "의자"),
        ("아이폰케이스", "케이스"),
        ("머그컵", "컵"),
    ],
    "zh": [("台灯", "灯"), ("５００毫升", "500毫升")],
    "hi": [("१२०", "120")],
}

APART = {
    "en": [("1.125 in.", "1125 in."), ("0.500", "500"), ("f/3.5", "f1.8"), ("men's", "n")],
    "de": [("1.000 g", "1 g"), ("2,5 l", "25 l")],
    "ko": [("이어폰", "가방")],
}


def terms(text: str, language: str, *, asked: bool = False) -> set[str]:
    tokens = get_analyser(language).tokens(text)
    return {token.term for token in tokens if not asked or token.weight == 1}


@pytest.mark.parametrize(
    ("language", "one", "other"), [(code, *pair) for code, pairs in MEET.items() for pair in pairs]
)
def test_one_thing_in_two_spellings_meets(language: str, one: str, other: str) -> None:
    assert terms(one, language) & terms(other, language)


@pytest.mark.parametrize(
    ("language", "one", "other"), [(code, *pair) for code, pairs in APART.items() for pair in pairs]
)
def test_two_things_stay_apart(language: str, one: str, other: str) -> None:
    shared = terms(one, language) & terms(other, language)
    # Of a number, its unit alone is no reason to be found.
    assert shared <= {"in", "g", "l", "f"}
