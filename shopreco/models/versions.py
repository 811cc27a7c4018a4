from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelKind(models.TextChoices):
    ALIGNMENT = "alignment", _("alignment")


class ModelVersion(models.Model):
    """Something that was fitted on a shop's own data: its weights, what they were fitted on, and
    how good they are. Never changed; fitting again makes another version."""

    catalogue = models.CharField(_("catalogue"), max_length=100)
    kind = models.CharField(_("kind"), max_length=16, choices=ModelKind)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    inputs: models.JSONField[Any, Any] = models.JSONField(
        _("inputs"), default=dict, help_text=_("Fingerprints of what its data was made with.")
    )
    metrics: models.JSONField[Any, Any] = models.JSONField(_("metrics"), default=dict)
    weights = models.BinaryField(help_text=_("In the format of safetensors."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["catalogue", "kind", "fingerprint"], name="shopreco_modelversion_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.catalogue} {self.kind} {self.fingerprint[:8]}"
