"""Known values in running text: which labels of a dictionary a text says, as whole words.

Labels and texts are cut by the same analyser, so case, accents, plurals and inflections do not
matter. Scripts without spaces are compared by character: a segmenter may cut a value differently
in another sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from shopreco.text.analysis import Token, get_analyser
from shopreco.text.normalisation import fold, normalise_text
from shopreco.text.segmentation import UNSPACED

V = TypeVar("V")

MIN_LETTERS = 3
MIN_CHARACTERS = 2
"""Of a script without spaces."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SAY_NOTHING = _set(
    "yes no none not n/a na other others various unknown unspecified standard default normal "
    "regular general mixed any new 其他 其它 未知 没有 不适用 默认 标准 普通 常规 通用"
)
# "Without leather" and "leather-free" say the contrary, "walnut look" another thing.
_DENY_BEFORE = _set(
    "no not non without faux fake imitation artificial ohne kein keine sans sin senza "
    "无 非 不 仿 假"
)
_DENY_AFTER = _set("free look effect imitation like optik 色 纹")


class Mention(NamedTuple, Generic[V]):
    """A value that a text says; not `exact` if only up to inflection, as stripes for striped."""

    value: V
    exact: bool


class _Label(NamedTuple, Generic[V]):
    surfaces: tuple[str, ...]
    value: V


class _Phrases(NamedTuple, Generic[V]):
    """Labels by their terms, and the lengths that occur after a first term, longest first."""

    labels: dict[tuple[str, ...], list[_Label[V]]]
    lengths: dict[str, list[int]]


class Dictionary(Generic[V]):
    """Values by their labels; a label may stand for several. Thread-safe.

    Labels that are too short or say nothing of a product ("other", "yes") are left out.
    """

    def __init__(self, labels: Iterable[tuple[str, V]]) -> None:
        self._labels = [(label, value) for label, value in labels if is_telling(label)]
        self._by_language: dict[str, _Phrases[V]] = {}

    def __bool__(self) -> bool:
        return bool(self._labels)

    def mentions(self, text: str, language: str) -> list[Mention[V]]:
        """Each value that the text says, once, in its order. Where labels overlap, the one that
        begins first counts, then the longest."""
        if not self._labels:
            return []
        phrases = self._by_language.get(language)
        if phrases is None:
            phrases = self._by_language[language] = self._cut(language)
        words = _words(text, language)
        found: dict[V, bool] = {}
        start = 0
        while start < len(words):
            for length in phrases.lengths.get(words[start].term, ()):
                said = words[start : start + length]
                labels = phrases.labels.get(tuple(word.term for word in said))
                if labels:
                    if not _is_denied(words, start, start + length):
                        for value, exact in _nearest(labels, said):
                            found[value] = found.get(value, False) or exact
                    start += length
                    break
            else:
                start += 1
        return [Mention(value, exact) for value, exact in found.items()]

    def _cut(self, language: str) -> _Phrases[V]:
        labels: dict[tuple[str, ...], list[_Label[V]]] = {}
        lengths: dict[str, set[int]] = {}
        for label, value in self._labels:
            words = _words(label, language)
            if words:
                surfaces = tuple(word.surface for word in words)
                labels.setdefault(tuple(w.term for w in words), []).append(_Label(surfaces, value))
                lengths.setdefault(words[0].term, set()).add(len(words))
        return _Phrases(labels, {term: sorted(s, reverse=True) for term, s in lengths.items()})


def is_telling(label: str) -> bool:
    """Whether a text that contains the label can be trusted to mean it."""
    normal = normalise_text(label)
    if normal.strip() in _SAY_NOTHING:
        return False
    unspaced = sum(len(run) for run in UNSPACED.findall(normal))
    letters = sum(character.isalpha() for character in normal)
    return unspaced >= MIN_CHARACTERS or letters >= MIN_LETTERS


def _words(text: str, language: str) -> list[Token]:
    analyser = get_analyser(language)
    text = normalise_text(text)
    if text.isascii():
        return _whole(analyser.tokens(text))
    words: list[Token] = []
    end = 0
    for run in UNSPACED.finditer(text):
        words += _whole(analyser.tokens(text[end : run.start()]))
        words += [Token(character, character) for character in run[0]]
        end = run.end()
    return words + _whole(analyser.tokens(text[end:]))


def _whole(tokens: Iterable[Token]) -> list[Token]:
    """Without those that repeat others for the sake of search."""
    return [token for token in tokens if token.weight == 1]


def _nearest(labels: Sequence[_Label[V]], said: Sequence[Token]) -> list[tuple[V, bool]]:
    surfaces = tuple(word.surface for word in said)
    exact = [label.value for label in labels if label.surfaces == surfaces]
    if exact:
        return [(value, True) for value in exact]
    return [(label.value, False) for label in labels]


def _is_denied(words: Sequence[Token], start: int, end: int) -> bool:
    before = start > 0 and fold(words[start - 1].surface) in _DENY_BEFORE
    return before or (end < len(words) and fold(words[end].surface) in _DENY_AFTER)
