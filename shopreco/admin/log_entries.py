"""Log entries: who did what, in the history that Django's admin keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.http import HttpRequest


def log(request: HttpRequest, objects: Iterable[Any], flag: int, message: str) -> None:
    """Write an entry for each object. `flag`: ADDITION, CHANGE or DELETION of Django's admin."""
    LogEntry.objects.log_actions(
        # Somebody is logged in on every page of an admin.
        user_id=request.user.pk or 0,
        queryset=objects,
        action_flag=flag,
        change_message=message,
    )
