"""Beats: what Celery's beat sends, of shopreco and of further apps."""

from __future__ import annotations

from celery import Celery

from shopreco.beats import beats
from shopreco.tasks import beat_schedule


def test_shopreco_sweeps_and_reconciles() -> None:
    schedule = beat_schedule()
    assert schedule["shopreco-sweep"]["task"] == "shopreco.tasks.sweep"
    assert schedule["shopreco-reconcile"]["task"] == "shopreco.tasks.reconcile"


def test_an_app_adds_a_beat() -> None:
    beats.register("assistant-forget", {"task": "assistant.tasks.forget", "schedule": 3600})
    try:
        host = Celery("host", set_as_current=False)
        host.conf.beat_schedule = {"host-mail": {"task": "host.mail", "schedule": 60}}
        host.conf.beat_schedule |= beat_schedule()
        assert host.conf.beat_schedule["assistant-forget"]["schedule"] == 3600
        assert {"host-mail", "shopreco-sweep"} <= host.conf.beat_schedule.keys()
    finally:
        beats.unregister("assistant-forget")


def test_a_host_that_changes_a_time_changes_only_its_own_schedule() -> None:
    beat_schedule()["shopreco-sweep"]["schedule"] = 1
    assert beat_schedule()["shopreco-sweep"]["schedule"] == 30
