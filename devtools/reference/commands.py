"""The page of commands, with their options and exit codes."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.core.management.base import BaseCommand

from devtools.reference.markdown import page, table
from shopreco.management import commands


def commands_page() -> str:
    ours = sorted(module.name for module in iter_modules(commands.__path__))
    common = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    sections = []
    for name in ours:
        command = import_module(f"shopreco.management.commands.{name}").Command()
        parser = command.create_parser("manage.py", name)
        sections += [f"## `{name}`", _without_exit_codes(command.help)]
        sections += _options(parser, common, f"python manage.py {name}")
        sections.append(f"Exit codes: {_exit_codes(command)}.")
    return page(
        "Commands",
        "All take Django's own options too (`--settings`, `--verbosity`, …). An unknown option "
        "ends a command with exit code 2, as everywhere in Django.",
        *sections,
    )


def _options(parser: argparse.ArgumentParser, common: set[str], usage: str) -> Iterator[str]:
    rows: list[tuple[str, str]] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help for choice in action._choices_actions}
            for subject, sub in action.choices.items():
                yield f"### `{usage.rpartition(' ')[2]} {subject}`"
                help = helps[subject] or ""
                yield f"{help[:1].upper()}{help[1:]}."
                yield from _options(sub, common, f"{usage} {subject}")
            return
        if action.dest in common:
            continue
        shown = ", ".join(action.option_strings) or _metavar(action)
        if action.option_strings and action.nargs != 0:
            shown += f" {_metavar(action)}"
        rows.append((f"`{shown}`", action.help or ""))
    if rows:
        yield table(("argument", ""), *rows)


def _metavar(action: argparse.Action) -> str:
    name = str(action.metavar or (action.dest.upper() if action.option_strings else action.dest))
    return f"[{name}]" if action.nargs == "?" else name


def _exit_codes(command: Any) -> str:
    """From the help or the docstring of the command or a base class; else success and failure."""
    for kind in type(command).__mro__:
        text = f"{vars(kind).get('help', '')} {kind.__doc__ or ''}"
        if found := re.search(r"Exit codes: ([^.]+)\.", " ".join(text.split())):
            return found[1]
    return "0 done, 1 failed"


def _without_exit_codes(help: str) -> str:
    return re.sub(r"\s*Exit codes: [^.]+\.", "", help)
