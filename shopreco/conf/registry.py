"""The settings classes of shopreco and of further apps; reads and checks what the host wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.conf import settings as django_settings
from django.core.signals import setting_changed

from shopreco.conf.options import BaseSettings
from shopreco.conf.settings import Settings
from shopreco.exceptions import ConfigurationError
from shopreco.registries import Registry, did_you_mean

ROOT = "SHOPRECO"

S = TypeVar("S", bound=BaseSettings)

settings_classes = Registry[type[BaseSettings]]("settings class")
"""Settings classes of further apps, by their key in `SHOPRECO`."""


class Problem(NamedTuple):
    """What is wrong with a setting: the id of its system check, a message, and the fix."""

    id: str
    message: str
    fix: str


def register_settings(key: str, kind: type[BaseSettings]) -> None:
    """Make `SHOPRECO[key]` a dict with the options of a class. Call it from `AppConfig.ready`.

    Raises:
        ConfigurationError: the key is an option of shopreco, or another app has it.
    """
    if key in Settings.names():
        raise ConfigurationError(f"{ROOT}[{key!r}] is an option of shopreco. Take another key.")
    settings_classes.register(key, kind)
    _read_app.cache_clear()


def problems(given: object) -> list[Problem]:
    """What is wrong with a `SHOPRECO` value, the parts of further apps included."""
    found = list(_problems(given, Settings, ROOT, others=settings_classes))
    if isinstance(given, Mapping):
        for key, kind in settings_classes.items():
            if key in given:
                found += _problems(given[key], kind, _path(key))
    return found


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The host's settings over the defaults; dicts are merged one level deep.

    Raises:
        ConfigurationError: the first problem that the system checks would also report.
    """
    given = getattr(django_settings, ROOT, {})
    _raise_first(_problems(given, Settings, ROOT, others=settings_classes))
    own = {key: value for key, value in given.items() if key not in settings_classes}
    return Settings(**Settings.over_defaults(own))


def get_app_settings(kind: type[S]) -> S:
    """The host's settings for a further app, as `get_settings` gives those of shopreco.

    Raises:
        ConfigurationError: no installed app registered the class, or a value is wrong.
    """
    for key, known in settings_classes.items():
        if known is kind and isinstance(found := _read_app(key), kind):
            return found
    raise ConfigurationError(
        f"The settings class {kind.__name__} is not registered. Is its app in INSTALLED_APPS?"
    )


@lru_cache(maxsize=64)
def _read_app(key: str) -> BaseSettings:
    kind = settings_classes.get(key)
    given = getattr(django_settings, ROOT, {}).get(key, {})
    _raise_first(_problems(given, kind, _path(key)))
    return kind(**kind.over_defaults(given))


def _raise_first(found: Iterator[Problem]) -> None:
    for problem in found:
        raise ConfigurationError(f"{problem.message} {problem.fix}")


def _problems(
    given: object, kind: type[BaseSettings], path: str, others: Collection[str] = ()
) -> Iterator[Problem]:
    """Of the options of one class. `others` are keys of other classes in the same dict."""
    if not isinstance(given, Mapping):
        yield Problem("E002", f"{path} must be a dict.", f"Write {path} = {{…}}.")
        return
    names = kind.names()
    for key, value in given.items():
        here = f"{path}[{key!r}]"
        if key in others:
            continue
        if key in kind.REMOVED:
            yield Problem("E003", f"{here} was removed.", kind.REMOVED[key])
        elif key not in names:
            fix = did_you_mean(str(key).upper(), [*names, *others])
            if isinstance(value, Mapping):
                fix += " Settings of a further app are known where it is in INSTALLED_APPS."
            yield Problem("E001", f"{here} is not a setting of shopreco.", fix)
        elif fault := kind.fault(key, value):
            yield Problem("E002", f"{here} {fault.finding}.", fault.fix)


def _path(key: str) -> str:
    return f"{ROOT}[{key!r}]"


def _reset(*, setting: str, **kwargs: Any) -> None:
    if setting in {ROOT, "BASE_DIR"}:
        get_settings.cache_clear()
        _read_app.cache_clear()


setting_changed.connect(_reset, dispatch_uid="shopreco.conf")
