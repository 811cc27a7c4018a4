"""What is new in the shop, the newest first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.utils.translation import gettext_lazy as _

from shopreco.queries.conditions import Condition
from shopreco.queries.sorting import ORDERS
from shopreco.retrieval import browse
from shopreco.retrieval.base import RETRIEVERS, Candidates, Context, Retriever


class NewestRetriever(Retriever):
    """Finds the items that were added last, by what the catalogue declares as `Added`."""

    name = "newest"
    columns = ("newest",)
    label = _("is new in the shop")
    needs_seed = False

    def retrieve(self, context: Context, k: int) -> Candidates:
        catalogue, order = context.space.catalogue, Condition(ORDERS["newest"])
        found = browse.browse(catalogue, context.filters, order, k, collapse=False)
        ranks = np.arange(1, len(found) + 1)
        return replace(found, columns={"newest": 1 / ranks}, source="newest")


RETRIEVERS.register("newest", NewestRetriever())
