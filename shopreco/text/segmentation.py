"""Scripts whose words are found by their characters: Chinese by jieba, the others by bigrams.

Korean puts spaces, but writes 무선이어폰 and 무선 이어폰, and hangs particles on its nouns.
"""

from __future__ import annotations

import importlib.metadata
import re
import warnings
from collections.abc import Callable
from functools import cache

_HAN = "\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_HANGUL = "\uac00-\ud7a3"
_KANA = "\u3041-\u3096\u30a1-\u30fa\u30fc"
_SOUTH_EAST_ASIAN = "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1780-\u17d3"

UNSPACED = re.compile(f"[{_HAN}]+|[{_HANGUL}]+|[{_KANA}]+|[{_SOUTH_EAST_ASIAN}]+")
"""A run of one such script."""

MEANING_ALONE = re.compile(f"[{_HAN}{_HANGUL}]")
"""A character that may be a word: 灯, 컵."""

_HAN_RUN = re.compile(f"[{_HAN}]+")

Segmenter = Callable[[str], list[str]]


def bigrams(run: str) -> list[str]:
    """Every pair of neighbouring characters; a single one as it is."""
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


def segment_chinese(run: str) -> list[str]:
    """Words and the shorter words inside them, by jieba where it is installed, else bigrams."""
    return _jieba_segmenter()(run) if _HAN_RUN.fullmatch(run) else bigrams(run)


def chinese_segmenter_version() -> str:
    """What `segment_chinese` cuts with; known without loading the dictionary."""
    try:
        return f"jieba{importlib.metadata.version('jieba')}"
    except importlib.metadata.PackageNotFoundError:
        return "bigrams"


@cache
def _jieba_segmenter() -> Segmenter:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # jieba's own source warns on newer Pythons
            import jieba
    except ImportError:
        return bigrams
    tokenizer = jieba.Tokenizer()
    # jieba's `initialize` would read a marshalled cache from the shared temporary directory,
    # where anybody may put one. Reading the dictionary itself takes a second, once.
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    return lambda run: list(tokenizer.cut_for_search(run))
