"""Understanding a query: its terms in the lexicon, and the nodes of the graph that it names."""

from __future__ import annotations

from dataclasses import dataclass

from shopreco.models import EmbeddingSpace
from shopreco.queries.entities import VOCABULARIES, Mentions, Vocabulary
from shopreco.queries.terms import LexicalQuery, lexical_query
from shopreco.stages import StageLog, StageName
from shopreco.text.exclusion import without_excluded


@dataclass(frozen=True, slots=True)
class UnderstoodQuery:
    """A query as it was read."""

    text: str
    """Without what it excludes: what is encoded."""
    language: str
    words: LexicalQuery | None = None
    """None where the lexicon has none of its words, or could not be asked."""
    vocabulary: Vocabulary | None = None
    """The names of the catalogue; None where they could not be read."""
    mentions: Mentions | None = None
    """The nodes that it names."""


def understand(space: EmbeddingSpace, text: str, language: str, log: StageLog) -> UnderstoodQuery:
    """Read a query; a part that fails is named, and left out."""
    asked = without_excluded(text, language)
    words: LexicalQuery | None = None
    with log.stage(StageName.LEXICON, optional=True):
        words = lexical_query(space, text, language)
    vocabulary: Vocabulary | None = None
    mentions: Mentions = {}
    with log.stage(StageName.MENTIONS, optional=True):
        vocabulary = VOCABULARIES.of(space)
        mentions = vocabulary.named(asked, words.corrected if words else "", language)
    return UnderstoodQuery(asked, language, words, vocabulary, mentions)
