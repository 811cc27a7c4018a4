"""Messages to the workers over the host's broker: hints, and requests that wait for a reply.

The rows are the queue; a hint only says that there is something in it.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import lru_cache
from math import inf
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic, sleep, time
from typing import Any, Final, NamedTuple
from uuid import uuid4

from celery import current_app
from celery.app import app_or_default
from django.db import connections
from kombu import Queue

from shopreco.db.routing import write_alias
from shopreco.exceptions import ShopRecoError

logger = logging.getLogger(__name__)

ONE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""Celery's own connections wait six seconds for a broker that is down, and so would the page."""
TIMEOUT_SECONDS: Final = 1.0
"""How long a caller waits for the broker at most."""
BACKOFF_SECONDS: Final = 10.0
"""How long a broker that failed is left alone. The sweep catches up."""
MIN_NUDGE_PAUSE: Final = 1.0
"""Pause between two hints of a process for a catalogue. All saves in between are one hint."""
MAX_NUDGE_PAUSE: Final = 5.0
"""Where saves never cease, each pause is twice the one before, up to this. Workers come by
themselves, see `pacing`."""
HINT_EXPIRY_SECONDS: Final = 30
"""The broker drops a hint that no worker has taken by then. The sweep gives another."""
POLL_SECONDS: Final = 0.02
REPLY_EXPIRY_SECONDS: Final = 60
"""The broker drops a reply that nobody has fetched by then."""


class NoAnswer(ShopRecoError):
    """The broker is not reached, or no worker has answered in time."""

    code = "no_answer"


def send(task: str, *args: object, countdown: float = 0) -> bool:
    """Send a task of `shopreco.tasks` to the workers.

    Never raises: the sweep finds what was not sent.

    Returns:
        False if the broker has not taken it within `TIMEOUT_SECONDS`.
    """
    try:
        return _messenger(os.getpid()).send(task, args, countdown).result(TIMEOUT_SECONDS)
    except FutureTimeout:
        logger.warning("broker not reached in time, the sweep will catch up")
        return False


def nudge(catalogue: str) -> None:
    """Hint to the workers that changes of a catalogue wait. A thread sends it, so no save waits for
    the broker."""
    _messenger(os.getpid()).nudge(catalogue)


TenantCatalogue = tuple[Any, str]
"""A catalogue of a tenant."""


class BrokerMessage(NamedTuple):
    """A task to send, with the Celery app and the tenant of the thread that asked for it."""

    app: Any
    tenant: Any
    """Of django-tenants, by whose name the task finds its schema; None elsewhere."""
    task: str
    args: Sequence[object]
    countdown: float = 0
    is_nudge: bool = False

    @property
    def tenant_catalogue(self) -> TenantCatalogue:
        return self.tenant, str(self.args[0])


class Messenger:
    """Sends all messages of a process from one thread, so that no other waits for the broker.

    After a failure it leaves the broker alone for `BACKOFF_SECONDS`.
    """

    def __init__(self) -> None:
        self._messages: SimpleQueue[tuple[BrokerMessage, Future[bool]]] = SimpleQueue()
        self._nudged: set[TenantCatalogue] = set()
        self._silent_until = 0.0
        self._connection: Any = None
        Thread(target=self._work, daemon=True, name="shopreco-messenger").start()

    def send(self, task: str, args: Sequence[object], countdown: float = 0) -> Future[bool]:
        return self._put(BrokerMessage(app_or_default(), _tenant(), task, args, countdown))

    def nudge(self, catalogue: str) -> None:
        tenant = _tenant()
        if (tenant, catalogue) not in self._nudged:
            self._nudged.add((tenant, catalogue))
            self._put(BrokerMessage(app_or_default(), tenant, "drain", [catalogue], is_nudge=True))

    def flush(self, seconds: float) -> None:
        """Wait until all messages are sent, at the end of a process."""
        until = monotonic() + seconds
        while (self._nudged or not self._messages.empty()) and monotonic() < until:
            sleep(POLL_SECONDS)

    def _put(self, message: BrokerMessage) -> Future[bool]:
        sent: Future[bool] = Future()
        self._messages.put((message, sent))
        return sent

    def _work(self) -> None:
        due: dict[TenantCatalogue, tuple[float, BrokerMessage]] = {}
        # When the pause of a catalogue ends, and how long it is.
        quiet: dict[TenantCatalogue, tuple[float, float]] = {}
        while True:
            when = min((when for when, _message in due.values()), default=None)
            try:
                patience = None if when is None else max(0.0, when - monotonic())
                message, sent = self._messages.get(timeout=patience)
            except Empty:
                _when, message = due.pop(min(due, key=lambda key: due[key][0]))
                # From here on saves nudge again.
                self._nudged.discard(message.tenant_catalogue)
                _until, seconds = quiet[message.tenant_catalogue]
                quiet[message.tenant_catalogue] = monotonic() + seconds, seconds
                self._send(message)
                continue
            if message.is_nudge:
                until, seconds = quiet.get(message.tenant_catalogue, (-inf, 0.0))
                is_busy = monotonic() < until
                pause = min(2 * seconds, MAX_NUDGE_PAUSE) if is_busy else MIN_NUDGE_PAUSE
                quiet[message.tenant_catalogue] = until, pause
                due[message.tenant_catalogue] = max(monotonic(), until), message
            else:
                sent.set_result(self._send(message))

    def _send(self, message: BrokerMessage) -> bool:
        if monotonic() < self._silent_until:
            return False
        if message.tenant is not None:
            connections[write_alias()].set_tenant(message.tenant)  # type: ignore[attr-defined]  # django-tenants
        # A connection that was opened before may be of a broker that has been restarted since.
        for is_last in [False, True] if self._connection is not None else [True]:
            try:
                self._connection = self._connection or message.app.connection_for_write(
                    connect_timeout=TIMEOUT_SECONDS, transport_options=_options(TIMEOUT_SECONDS)
                )
                message.app.send_task(
                    f"shopreco.tasks.{message.task}",
                    message.args,
                    countdown=message.countdown,
                    expires=HINT_EXPIRY_SECONDS if message.task == "drain" else None,
                    connection=self._connection,
                    retry=False,
                    ignore_result=True,
                )
            except Exception as error:  # noqa: BLE001 (whatever the broker's client raises)
                self._connection = None
                if is_last:
                    logger.warning("broker not reached, the sweep will catch up: %s", error)
                    self._silent_until = monotonic() + BACKOFF_SECONDS
            else:
                return True
        return False


def _tenant() -> Any:
    return getattr(connections[write_alias()], "tenant", None)


def _options(seconds: float) -> dict[str, Any]:
    """Transport options that soon give up a broker which is down or does not answer."""
    redis = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    rabbitmq = {"read_timeout": seconds, "write_timeout": seconds}
    return ONE_TRY | redis | rabbitmq


@lru_cache(maxsize=1)
def _messenger(pid: int) -> Messenger:
    """The messenger of this process. A forked child has another pid, and gets its own."""
    return Messenger()


@atexit.register
def _flush() -> None:
    if _messenger.cache_info().currsize:
        _messenger(os.getpid()).flush(TIMEOUT_SECONDS)


def ask(task: str, *args: object, seconds: float) -> Any:
    """Send a task of `shopreco.tasks` and wait for the reply of a worker. No result backend is
    needed.

    The task gets two more arguments: the name of the queue for its `reply`, and until when (Unix
    time) somebody waits for it.

    Raises:
        NoAnswer: the broker is not reached, or no reply came within `seconds`.
    """
    until = monotonic() + seconds
    name = f"shopreco.reply.{uuid4().hex}"
    try:
        with (
            current_app.connection_for_write(
                connect_timeout=seconds,
                transport_options=_options(seconds),
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
    """Put the reply to `ask` into its queue, as JSON. Called in a worker."""
    with current_app.connection_for_write() as connection, connection.Producer() as producer:
        # Declared again: Redis makes a new queue for a reply that comes too late.
        producer.publish(
            content, routing_key=name, serializer="json", declare=[_reply_queue(name)], retry=False
        )


def _reply_queue(name: str) -> Any:
    arguments = {"x-expires": REPLY_EXPIRY_SECONDS * 1000}
    return Queue(name, routing_key=name, durable=False, queue_arguments=arguments)
