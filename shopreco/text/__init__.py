"""Words: what a text is cut into, what a word weighs, what a shopper meant. No Django."""

from shopreco.text.analysis import Analyser, Token, get_analyser, term_id
from shopreco.text.bm25 import (
    document_weights,
    essential_terms,
    inverse_document_frequency,
    lexical_score,
)
from shopreco.text.detection import detect_language
from shopreco.text.normalisation import fold, normalise_query
from shopreco.text.spelling import (
    KnownTerm,
    Lexicon,
    QueryTerm,
    damerau_levenshtein,
    nearest_term,
    query_terms,
    query_weights,
)

__all__ = [
    "Analyser",
    "KnownTerm",
    "Lexicon",
    "QueryTerm",
    "Token",
    "damerau_levenshtein",
    "detect_language",
    "document_weights",
    "essential_terms",
    "fold",
    "get_analyser",
    "inverse_document_frequency",
    "lexical_score",
    "nearest_term",
    "normalise_query",
    "query_terms",
    "query_weights",
    "term_id",
]
