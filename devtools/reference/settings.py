"""The page of settings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from devtools.reference.checks import checks_between
from devtools.reference.markdown import literal, page, prose, python, summary, table
from shopreco.conf import BaseSettings, Settings, register_settings, settings_classes
from shopreco.contrib.oscar.conf import OscarSettings
from shopreco.encoders import HashingEncoder, SentenceTransformerEncoder
from shopreco.ranking import ConvexSum, ReciprocalRank

OPTIONAL: dict[str, type[BaseSettings]] = {"OSCAR": OscarSettings}
"""Settings classes of `shopreco.contrib`, whose apps need not be installed here."""

OWN_SETTINGS = """\
# assistant/conf.py
from dataclasses import dataclass

from shopreco.conf import BaseSettings, option


@dataclass(frozen=True)
class AssistantSettings(BaseSettings):
    \"""Assistant: what answers.\"""

    MODEL: str = option("small", "The model that answers.", choices=("small", "large"))


# assistant/apps.py
from django.apps import AppConfig


class AssistantConfig(AppConfig):
    def ready(self):
        from assistant.conf import AssistantSettings
        from shopreco.conf import register_settings

        register_settings("ASSISTANT", AssistantSettings)


# Anywhere, once Django is ready
from shopreco.conf import get_app_settings

get_app_settings(AssistantSettings).MODEL"""


def settings_page() -> str:
    further = []
    for key, found in {**dict(settings_classes.items()), **OPTIONAL}.items():
        if found.__module__.startswith("shopreco."):
            further += [f"## Keys of `SHOPRECO[{literal(key)}]`", *_option_groups(found)]
    classes = []
    for kind in (SentenceTransformerEncoder, HashingEncoder, ConvexSum, ReciprocalRank):
        path = f"{kind.__module__}.{kind.__name__}"
        if kind.__module__.startswith("shopreco.encoders"):
            path = f"shopreco.encoders.{kind.__name__}"
        parameters = inspect.signature(kind).parameters
        rows = [(f"`{name.upper()}`", f"`{literal(p.default)}`") for name, p in parameters.items()]
        classes += [f"### `{path}`", prose(kind.__doc__ or "", parameters)]
        classes.append(table(("option", "default"), *rows))
    return page(
        "Settings",
        "One dict in the host's settings. Every key is optional; keys that are left out keep their "
        "default. Settings are read when they are needed and never shape tables.",
        python('# settings.py\nSHOPRECO = {"QUERY_DEADLINE": 0.5}'),
        "Database and cache are Django's (`DATABASES`, a router for the app `shopreco`, `CACHES`), "
        "the broker is Celery's, rates of the API are "
        "[Django REST framework's](api.md#rates).",
        "## Keys",
        *_option_groups(Settings),
        *further,
        "## Settings of further apps",
        "An app may have a class of settings, under a key of its own. They are checked as those of "
        "shopreco are, and the key is unknown where the app is not installed.",
        python(OWN_SETTINGS),
        prose(register_settings.__doc__ or ""),
        "## Classes and their options",
        "Options stand beside `CLASS`, in capitals.",
        *classes,
        "## System checks",
        "`python manage.py check` reports what is wrong, with the fix:",
        checks_between("E001", "E006"),
        "Of the machine and the database. The latter are asked by `migrate`, and by "
        "`python manage.py check --database default`:",
        checks_between("E020", "W999"),
    )


def _option_groups(kind: type[Any]) -> Iterator[str]:
    """A settings class, one heading for each group of its options."""
    defaults = kind()
    for group, options in kind.groups().items():
        title, _, text = summary(group.__doc__ or "").partition(": ")
        yield f"### {title}"
        yield f"{text[:1].upper()}{text[1:]}"
        for option in options:
            shown = str(option.type).replace("Mapping[str, Any]", "dict")
            default = literal(getattr(defaults, option.name))
            yield f"#### `{option.name}`\n\n{option.metadata['help']}"
            yield f"Type: `{shown}`. Default: `{default}`."
