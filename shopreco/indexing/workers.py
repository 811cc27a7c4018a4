"""Speaking with the workers over the host's broker: hints, and questions that wait for an answer.

The rows are the queue; a hint only says that there is something in it.
"""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from time import monotonic, sleep, time
from typing import Any, Final
from uuid import uuid4

from celery import current_app
from kombu import Queue

from shopreco.exceptions import ShopRecoError

logger = logging.getLogger(__name__)

ONE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Celery's own connections wait six seconds for a broker that is down, and so would the page."""
POLL_SECONDS: Final = 0.02
FORGOTTEN_SECONDS: Final = 60
"""After so long the broker drops an answer that nobody has come for."""


class NoAnswer(ShopRecoError):
    """The broker is not reached, or no worker has answered in time."""

    code = "no_answer"


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


def ask(task: str, *args: object, seconds: float) -> Any:
    """What a worker answers to a task of `shopreco.tasks`, by `reply`, within so many seconds.

    The task gets two more arguments: the name of the queue for its answer, and until when (Unix
    time) somebody waits for it. No result backend is needed.
    Raises `NoAnswer`.
    """
    until = monotonic() + seconds
    name = f"shopreco.reply.{uuid4().hex}"
    try:
        with (
            current_app.connection_for_write(
                connect_timeout=seconds,
                transport_options=ONE_TRY
                | {"socket_timeout": seconds, "socket_connect_timeout": seconds},
            ) as connection,
            connection.channel() as channel,
        ):
            queue = _reply_queue(name).bind(channel)
            queue.declare()
            try:
                current_app.send_task(
                    f"shopreco.tasks.{task}",
                    [*args, name, time() + seconds],
                    connection=connection,
                    expires=seconds,
                    retry=False,
                    ignore_result=True,
                )
                while monotonic() < until:
                    message = queue.get(no_ack=True)
                    if message is not None:
                        return message.payload
                    sleep(POLL_SECONDS)
            finally:
                queue.delete()
    except Exception as error:
        raise NoAnswer(f"broker not reached: {error}") from error
    raise NoAnswer(f"no worker has answered {task} within {seconds:g} s")


def reply(name: str, content: object) -> None:
    """Answer whoever waits at a queue; `content` is JSON. Called in a worker."""
    with current_app.connection_for_write() as connection, connection.Producer() as producer:
        # Declared again: Redis makes a queue of its own for an answer that comes too late.
        producer.publish(
            content, routing_key=name, serializer="json", declare=[_reply_queue(name)], retry=False
        )


def _reply_queue(name: str) -> Any:
    arguments = {"x-expires": FORGOTTEN_SECONDS * 1000}
    return Queue(name, routing_key=name, durable=False, queue_arguments=arguments)


@lru_cache(maxsize=1)
def _connections(pid: int) -> Any:
    """Connections of this process to the broker; a forked child, with another pid, gets its own."""
    return current_app.connection_for_write(transport_options=ONE_TRY).Pool(limit=8)
