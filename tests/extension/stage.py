from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from django.conf import settings

from shopreco.answers.frame import AnswerContext, Stage
from shopreco.answers.requests import SearchDraft, SearchRequest
from shopreco.models import Item


def pins() -> Mapping[str, str]:
    """Keys of products by the query for which they stand first."""
    return getattr(settings, "EXTENSION_PINS", {})


def pin(request: SearchRequest, context: AnswerContext, draft: SearchDraft) -> SearchDraft:
    found = draft.candidates
    pinned = Item.objects.indexed().get(
        catalogue=request.catalogue.name, object_id=pins()[request.text]
    )
    first = np.argsort(found.item_ids != pinned.pk, kind="stable")
    return replace(draft, candidates=found.take(first))


PIN = Stage("pin", pin, optional=True, needed=lambda request, _: request.text in pins())
