"""Words: what a text is cut into, what a word weighs, what a shopper meant. No Django."""

from shopreco.text.analysis import Analyser, Token, get_analyser, term_id
from shopreco.text.bm25 import (
    document_weights,
    essential_terms,
    inverse_document_frequency,
    lexical_score,
)
from shopreco.text.detection import detect_language, prevailing_language
from shopreco.text.normalisation import fold, normalise_query
from shopreco.text.reading import (
    Lexicon,
    QueryTerm,
    ending_with,
    found_by,
    query_terms,
    query_weights,
)
from shopreco.text.spelling import KnownTerm, deletions, nearest_term

__all__ = [
    "Analyser",
    "KnownTerm",
    "Lexicon",
    "QueryTerm",
    "Token",
    "deletions",
    "detect_language",
    "document_weights",
    "ending_with",
    "essential_terms",
    "fold",
    "found_by",
    "get_analyser",
    "inverse_document_frequency",
    "lexical_score",
    "nearest_term",
    "normalise_query",
    "prevailing_language",
    "query_terms",
    "query_weights",
    "term_id",
]
