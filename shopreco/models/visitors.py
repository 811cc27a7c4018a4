"""Visitors: people as far as they let themselves be recognised."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Visitor(models.Model):
    """Somebody who has allowed to be recognised: a browser, or a user of the shop.

    What the browser's cookie says is kept as a digest. An erased visitor leaves this digest behind,
    by which a late event is refused, and nothing else.
    """

    key = models.UUIDField(_("key"), help_text=_("A digest of what the cookie says."))
    user_id = models.CharField(
        _("user"), max_length=255, blank=True, help_text=_("Key of the shop's user.")
    )
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="merged",
        help_text=_("The visitor of the same user who was known before."),
    )
    apart_from = models.CharField(
        max_length=255,
        blank=True,
        db_default="",
        editable=False,
        help_text=_("Key of the user whose profile this browser was taken out of."),
    )
    version = models.BigIntegerField(
        default=1, db_default=1, editable=False, help_text=_("Raised by every event.")
    )
    profiled_version = models.BigIntegerField(default=0, db_default=0, editable=False)
    opted_out = models.BooleanField(
        _("opted out"), default=False, db_default=False, help_text=_("Of personal ranking.")
    )
    created_at = models.DateTimeField(_("first seen"), db_default=Now(), editable=False)
    seen_at = models.DateTimeField(_("last seen"), db_default=Now(), editable=False)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="shopreco_visitor_key"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["user_id"], name="shopreco_visitor_user", condition=~Q(user_id="")
            ),
            models.Index(
                fields=["seen_at"],
                name="shopreco_visitor_waiting",
                condition=Q(version__gt=F("profiled_version"), erased_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"visitor {self.pk}"
