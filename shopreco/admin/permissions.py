"""Django's permissions on models, asked of the user of a request."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest


def may(request: HttpRequest, action: str, model: type[models.Model]) -> bool:
    """Whether the user has a permission (add, change, delete, view) on a model.

    Who may change may view, as in Django's own admin.
    """
    app, name = model._meta.app_label, model._meta.model_name
    if action == "view" and request.user.has_perm(f"{app}.change_{name}"):
        return True
    return request.user.has_perm(f"{app}.{action}_{name}")


def require(request: HttpRequest, action: str, model: type[models.Model]) -> None:
    """Raises PermissionDenied: the user has not this permission on a model."""
    if not may(request, action, model):
        raise PermissionDenied
