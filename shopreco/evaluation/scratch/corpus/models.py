from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class CorpusProduct(models.Model):
    """A document of a data set as a shop's product."""

    id = models.CharField(primary_key=True, max_length=255, db_column="_id")
    title = models.TextField()
    text = models.TextField(blank=True)
    brand = models.TextField(blank=True)
    price = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    attributes = models.JSONField(default=dict)
    identifiers = models.JSONField(default=list)
    image = models.TextField(blank=True)
    search_vector = SearchVectorField(null=True)

    # Declared, because type checkers know the managers of the host's installed apps only.
    objects: ClassVar[models.Manager[CorpusProduct]] = models.Manager()

    class Meta:
        app_label = "shopreco_corpus"
        indexes: ClassVar = [GinIndex(fields=["search_vector"], name="shopreco_corpus_vector")]

    def __str__(self) -> str:
        return self.title


class LoadedCorpus(models.Model):
    """Which file the products came from; one row, written when all of them are there."""

    fingerprint = models.CharField(max_length=64)
    limit = models.PositiveIntegerField(null=True)
    loaded_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[LoadedCorpus]] = models.Manager()

    class Meta:
        app_label = "shopreco_corpus"

    def __str__(self) -> str:
        return self.fingerprint
