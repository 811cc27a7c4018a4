"""The tables of a generated shop of any size. `rows` fills them by SQL."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone


class Brand(models.Model):
    name = models.CharField(max_length=200, unique=True)

    # Declared, because type checkers know the managers of the host's installed apps only.
    objects: ClassVar[models.Manager[Brand]] = models.Manager()

    class Meta:
        app_label = "shopreco_shop"

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    path = models.CharField(max_length=600, unique=True)

    objects: ClassVar[models.Manager[Category]] = models.Manager()

    class Meta:
        app_label = "shopreco_shop"

    def __str__(self) -> str:
        return self.path


class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid4)
    sku = models.CharField(max_length=50, unique=True)
    title = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    brand = models.ForeignKey(Brand, models.PROTECT, related_name="products")
    categories = models.ManyToManyField(Category, related_name="products")
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="variants")
    attributes = models.JSONField(default=dict)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    stock = models.PositiveIntegerField(default=0)
    active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    updated = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Product]] = models.Manager()

    class Meta:
        app_label = "shopreco_shop"

    def __str__(self) -> str:
        return self.title
