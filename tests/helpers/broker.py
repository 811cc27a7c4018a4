"""What waits at the broker for workers."""

from __future__ import annotations

from queue import Empty
from typing import Any

from celery import current_app


def take(task: str) -> list[list[Any]]:
    """Take all messages from the queue of a task of `shopreco.tasks`; gives the arguments of each
    one that is for this task."""
    name = f"shopreco.tasks.{task}"
    taken = []
    with current_app.connection_for_read() as connection:
        queue = connection.SimpleQueue(current_app.amqp.router.route({}, name)["queue"])
        try:
            while True:
                message = queue.get(block=False)
                message.ack()
                if message.headers["task"] == name:
                    taken.append(list(message.payload[0]))
        except Empty:
            return taken
        finally:
            queue.close()
