"""A shopper's words find the title that they mean, in ten languages, without any model's help."""

from __future__ import annotations

from typing import Any

import pytest

from shopreco import services
from shopreco.models import EmbeddingSpace
from tests.cases.ten_languages import SHOPS
from tests.helpers.index import GADGET, index
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

BY_WORDS_ALONE = {"LEXICAL_WEIGHT": 1.0, "MENTION_WEIGHT": 0.0}


@pytest.mark.parametrize("language", SHOPS)
def test_the_title_meant_comes_first(settings: Any, language: str) -> None:
    settings.LANGUAGE_CODE = language
    settings.SHOPRECO = settings.SHOPRECO | {"RANKER": BY_WORDS_ALONE}
    titles = {title: Gadget.objects.create(name=title) for title, _query in SHOPS[language]}
    index()
    assert EmbeddingSpace.objects.get().statistics.language == language

    wrong = []
    for title, query in SHOPS[language]:
        results = services.search(query, catalogue=GADGET).results[:2]
        scores = [result.parts.get("lexical", 0.0) for result in results]
        first = bool(results) and results[0].object == titles[title]
        # A tie is won by luck.
        if not first or scores[0] <= max(scores[1:], default=0.0):
            wrong.append((query, title))
    assert len(wrong) <= 3, wrong
