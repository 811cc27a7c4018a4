from __future__ import annotations

from uuid import uuid4

from django.db import models


class Maker(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class VisibleGadgets(models.Manager["Gadget"]):
    def get_queryset(self) -> models.QuerySet[Gadget]:
        return super().get_queryset().filter(hidden=False)


class Gadget(models.Model):
    """UUID key, variants, a manager that hides rows, relations of every kind."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    name = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    maker = models.ForeignKey(Maker, null=True, on_delete=models.SET_NULL, related_name="gadgets")
    tags = models.ManyToManyField(Tag, blank=True, related_name="gadgets")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="variants")
    attributes = models.JSONField(default=dict, blank=True)
    path = models.CharField(max_length=200, blank=True)
    sku = models.CharField(max_length=50, blank=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    stock = models.IntegerField(default=1)
    hidden = models.BooleanField(default=False)
    retired = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    objects = VisibleGadgets()  # the default manager hides rows
    everything = models.Manager()  # noqa: DJ012 (a manager, which the rule takes for a field)

    class Meta:
        base_manager_name = "everything"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/gadgets/{self.pk}/"


class Media(models.Model):
    """Integer key; the upper half of multi-table inheritance."""

    title = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.title


class Book(Media):
    """The lower half: its key is a relation to the upper one."""

    author = models.CharField(max_length=200, blank=True)


class Manual(models.Model):
    """String key with anything in it, in a second database."""

    ref = models.CharField(primary_key=True, max_length=255)
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return self.title


class Poster(models.Model):
    """Has pictures of its own and a video."""

    title = models.CharField(max_length=200)
    clip = models.FileField(upload_to="clips", blank=True)

    def __str__(self) -> str:
        return self.title


class Picture(models.Model):
    poster = models.ForeignKey(Poster, on_delete=models.CASCADE, related_name="pictures")
    file = models.FileField(upload_to="pictures")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return str(self.file)
