"""Telling workers that there is something to do. The rows are the queue; this is only a hint."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from typing import Any

from celery import current_app

logger = logging.getLogger(__name__)

ONE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Celery's own connections wait six seconds for a broker that is down, and so would the page."""


def send(task: str, *args: object, countdown: float = 0) -> bool:
    """Hand a task of `shopreco.tasks` to the workers; False if the broker does not answer.

    Never raises and hardly waits: the sweep finds what was not sent.
    """
    try:
        with _connections(os.getpid()).acquire(block=True) as connection:
            current_app.send_task(
                f"shopreco.tasks.{task}",
                args,
                countdown=countdown,
                connection=connection,
                retry=False,
                ignore_result=True,
            )
    except Exception as error:  # noqa: BLE001 (whatever the broker's client raises)
        logger.warning("broker not reached, the sweep will catch up: %s", error)
        return False
    return True


@lru_cache(maxsize=1)
def _connections(pid: int) -> Any:
    """Connections of this process to the broker; a forked child, with another pid, gets its own."""
    return current_app.connection_for_write(transport_options=ONE_TRY).Pool(limit=8)
