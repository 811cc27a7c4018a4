"""Understanding of a query: its terms in the lexicon, and the graph nodes that it names."""

from __future__ import annotations

from dataclasses import dataclass

from shopreco.conf import get_settings
from shopreco.models import EmbeddingSpace
from shopreco.queries.entities import VOCABULARIES, Mentions, Vocabulary
from shopreco.queries.terms import LexicalQuery, lexical_query
from shopreco.stages import StageLog, StageName
from shopreco.text.exclusion import without_excluded


@dataclass(frozen=True, slots=True)
class UnderstoodQuery:
    """A query with its terms and mentions."""

    text: str
    """The text that is encoded, without what the query excludes."""
    language: str
    words: LexicalQuery | None = None
    """The terms; None if the lexicon has none of the words, or failed."""
    vocabulary: Vocabulary | None = None
    """The names of the catalogue; None if they could not be read."""
    mentions: Mentions | None = None
    """The nodes that the query names."""


def understand(space: EmbeddingSpace, text: str, language: str, log: StageLog) -> UnderstoodQuery:
    """Understand a query. A part that fails is left out, and `degraded` names it."""
    asked = without_excluded(text, language)
    words: LexicalQuery | None = None
    with log.stage(StageName.LEXICON, optional=True):
        words = lexical_query(space, text, language)
    vocabulary: Vocabulary | None = None
    mentions: Mentions = {}
    with log.stage(StageName.MENTIONS, optional=True):
        vocabulary = VOCABULARIES.of(space, patience=get_settings().QUERY_DEADLINE)
        mentions = vocabulary.named(asked, words.corrected if words else "", language)
    return UnderstoodQuery(asked, language, words, vocabulary, mentions)
