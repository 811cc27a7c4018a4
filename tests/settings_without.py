"""The same shop before shopreco is installed: whether a save works then, and what it costs."""

from tests.settings import *  # noqa: F403 (a variation of them)

INSTALLED_APPS = [
    "demo_shop",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
]
