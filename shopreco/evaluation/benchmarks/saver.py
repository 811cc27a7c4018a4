"""A process that saves rows of the generated shop on command, with or without shopreco.

Nothing of Django is imported before it has its settings.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any, ClassVar, Final, Literal
from uuid import uuid4

from shopreco.evaluation.scratch.configuration import ScratchConfiguration
from shopreco.exceptions import ShopRecoError

BROKER_SECONDS: Final = 5

Model = Literal["Product", "Brand"]


class NoBroker(ShopRecoError):
    """No broker answers, so saves would be measured without their nudges."""

    code: ClassVar[str] = "no_broker"


class Saver:
    """Controls such a process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def save(self, model: Model, keys: Sequence[Any]) -> list[float]:
        """Change and save these rows one after another; milliseconds of each transaction."""
        self._pipe.send((model, keys))
        times: list[float] = self._pipe.recv()
        return times


@contextmanager
def saver(*, with_shopreco: bool) -> Iterator[Saver]:
    """Start a process on this scratch database; it ends with the block.

    Raises:
        NoBroker: no broker answers.
    """
    context = get_context("spawn")  # a fork would have shopreco in it in any case
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, with_shopreco), daemon=True)
    process.start()
    there.close()
    try:
        if problem := here.recv():
            raise NoBroker(problem)
        yield Saver(here)
        here.send(None)
    finally:
        here.close()
        process.join()


def _work(pipe: Connection, with_shopreco: bool) -> None:
    configuration = ScratchConfiguration.from_environment()
    if not with_shopreco:
        os.environ.update(configuration.without_shopreco().as_environment())
    import django

    django.setup()
    if not with_shopreco:
        pipe.send("")
        _serve(pipe)
        return
    try:
        with _own_queue(configuration.broker):
            pipe.send("")
            _serve(pipe)
    except OSError as error:
        pipe.send(f"No broker answers at the address that Celery has ({error}): start one.")


def _serve(pipe: Connection) -> None:
    """Save what is asked for, until the other end stops or is gone."""
    from django.db import transaction

    from shopreco.evaluation.scratch.shop.models import Brand, Product

    number = 0
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        if task is None:
            return
        model, keys = task
        times = []
        for key in keys:
            number += 1
            row: Any
            if model == "Brand":
                row = Brand.objects.get(pk=key)
                row.name = f"Brand of {number}"
            else:
                row = Product.objects.get(pk=key)
                row.price = number
            started = perf_counter()
            with transaction.atomic():
                row.save()
            times.append((perf_counter() - started) * 1000)
        pipe.send(times)


@contextmanager
def _own_queue(broker: str) -> Iterator[None]:
    """Nudges go to the host's broker, to a queue that none of its workers listens to.

    Raises whatever the broker's client raises if there is none.
    """
    from celery import current_app
    from kombu import Queue

    name = f"shopreco-bench-{uuid4().hex}"
    current_app.conf.update(broker_url=broker, task_default_queue=name)
    with current_app.connection_for_write(connect_timeout=BROKER_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
        try:
            yield
        finally:
            Queue(name, routing_key=name).bind(connection.default_channel).delete()
