"""A visitor's own history: what they viewed or bought, to be shown again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.utils.translation import gettext_lazy as _

from shopreco.retrieval import browse
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever


class HistoryRetriever(Retriever):
    """Finds what the block is about itself, the latest first."""

    name = "history"
    columns = ("history",)
    label = _("what the visitor viewed or bought, itself")
    needs_seed = False
    is_personal = True

    def retrieve(self, context: Context, k: int) -> Candidates:
        anchors = enumerate(context.anchors, start=1)
        rows = [(each.item_id, each.group_id, 1 / place) for place, each in anchors]
        found = Candidates.from_rows(rows, "history")
        found = found.take(browse.passing(found.item_ids, context.filters))
        return replace(found.take(np.arange(len(found))[:k]), complete=len(found) <= k)


RETRIEVERS.register("history", HistoryRetriever())
