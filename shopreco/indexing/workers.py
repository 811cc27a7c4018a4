"""Telling workers that there is something to do. The rows are the queue; this is only a hint."""

from __future__ import annotations

import logging

from celery import current_app

logger = logging.getLogger(__name__)


def send(task: str, *args: object, countdown: float = 0) -> bool:
    """Hand a task of `shopreco.tasks` to the workers; False if the broker does not answer.

    Never raises and never retries: the sweep finds what was not sent.
    """
    try:
        current_app.send_task(
            f"shopreco.tasks.{task}", args, countdown=countdown, retry=False, ignore_result=True
        )
    except Exception as error:  # noqa: BLE001 (whatever the broker's client raises)
        logger.warning("broker not reached, the sweep will catch up: %s", error)
        return False
    return True
