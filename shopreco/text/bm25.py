"""BM25F in two halves: the document's is stored, the query's is computed from frequencies.

    tf'(t, d)     = sum over fields f of W_f tf_f(t, d) / (1 - b + b L_f(d) / mean L_f)
    w(t, d)       = tf' / (k1 + tf')                              document side, 0 < w < 1
    idf(t)        = ln(1 + (N - df(t) + 0.5) / (df(t) + 0.5))     query side, > 0
    lexical(q, d) = sum of q(t) w(t, d) / sum of q(t),  q(t) = weight of the token * idf(t)

Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields" (CIKM 2004).
The usual factor k1 + 1 is left out: it changes no order, and without it `lexical` lies between
0 and 1 whatever the corpus, the filters or the page, so that one cut and one fusion weight fit all.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

__all__ = [
    "K1",
    "B",
    "document_weights",
    "essential_terms",
    "inverse_document_frequency",
    "lexical_score",
]

K1 = 0.9
"""Saturation: how much a second occurrence adds."""
B = 0.4
"""Share of the length normalisation: titles say little by their length."""

Key = TypeVar("Key")


def document_weights(
    fields: Mapping[str, Sequence[str]],
    field_weights: Mapping[str, float],
    average_lengths: Mapping[str, float],
    k1: float = K1,
    b: float = B,
) -> dict[str, float]:
    """w(t, d) by term of a document, each between 0 and 1.

    `fields`: the terms of every token, by field name. `average_lengths`: mean number of tokens
    by field; a field without one is not normalised. A field without a weight weighs 1; weight 0
    leaves it out.
    """
    frequencies: dict[str, float] = {}
    for name, terms in fields.items():
        field_weight = field_weights.get(name, 1.0)
        if not terms or field_weight <= 0:
            continue
        average = average_lengths.get(name) or len(terms)
        share = field_weight / (1 - b + b * len(terms) / average)
        for term, count in Counter(terms).items():
            frequencies[term] = frequencies.get(term, 0.0) + share * count
    return {term: tf / (k1 + tf) for term, tf in frequencies.items()}


def inverse_document_frequency(document_frequency: int, documents: int) -> float:
    """idf of a term in `document_frequency` of `documents` documents; always positive."""
    df = min(max(document_frequency, 0), documents)
    return math.log(1 + (documents - df + 0.5) / (df + 0.5))


def lexical_score(weights: Mapping[Key, float], query: Mapping[Key, float]) -> float:
    """lexical(q, d), 0 to 1, from w(t, d) and q(t)."""
    mass = math.fsum(query.values())
    if not mass:
        return 0.0
    return math.fsum(q * weights.get(term, 0.0) for term, q in query.items()) / mass


def essential_terms(
    query: Mapping[Key, float], share: float, mass: float | None = None
) -> list[Key]:
    """The fewest terms of which a document needs one to be able to reach `share` of the mass.

    `query`: q(t) >= 0 by term. `share`: from 0 to 1. `mass`: M, where it is less than the sum since
    some terms stand in place of others. Returns the heaviest first.

    Claim: (1) a document with none of the returned terms has lexical(q, d) < share; (2) no
    smaller set of terms guarantees that, whatever the documents.

    Proof. Let M be the mass. The terms left out are the longest run of lightest terms whose
    sum is below share * M. (1) A document with none of the returned terms scores at most the sum
    of q(t) w(t, d) over those left out, which is at most their sum, since w < 1, and so less than
    share * M. (2) w(t, d) comes as close to 1 as one likes, so a set guarantees it only if the
    terms outside it do not sum to more than share * M. Of all ways to leave out n terms, the n
    lightest have the least sum; one more than were left out would exceed share * M. (Where it
    would equal share * M up to rounding, the term is returned too: no document may get lost.)

    This is the MaxScore partition of Turtle and Flood (1995) against a threshold known in advance.
    """
    # The heaviest first; ties in the order of the query. Weightless terms can open nothing.
    ordered = sorted((t for t in query if query[t] > 0), key=lambda term: -query[term])
    total = math.fsum(query.values()) if mass is None else mass
    threshold = share * total * (1 - 1e-12)
    left_out: list[float] = []
    while ordered:
        left_out.append(query[ordered[-1]])
        if math.fsum(left_out) >= threshold:
            break
        ordered.pop()
    return ordered
