"""System checks of a catalogue: each names the object, the cause and the fix."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from shopreco.catalogues import fields as f
from shopreco.catalogues.edges import is_relation_code
from shopreco.catalogues.paths import method_on, missing_step, relation_steps
from shopreco.catalogues.trees import STAR, tree_above, tree_of, trees_of

if TYPE_CHECKING:
    from shopreco.catalogues.base import Catalogue

MAX_KEY_LENGTH = 255


def check_catalogue(cls: type[Catalogue]) -> list[CheckMessage]:
    model = getattr(cls, "model", None)
    if not (isinstance(model, type) and issubclass(model, models.Model)):
        return [_error(cls, "E010", "has no `model`.", "Write `model = YourProduct`.")]
    return [
        *_check_key(cls, model),
        *_check_fields(cls, model),
        *_check_names(cls),
        *_check_methods(cls, model),
        *_check_trees(cls, model),
        *_check_parent(cls, model),
        *_check_relations(cls, model),
        *_check_visibility(cls),
        *_check_language(cls),
    ]


def _check_key(cls: type[Catalogue], model: type[models.Model]) -> list[CheckMessage]:
    pk = model._meta.pk
    if getattr(model._meta, "pk_fields", None) and len(model._meta.pk_fields) > 1:
        fix = "Give the model a single-column primary key, or a catalogue of another model."
        return [_error(cls, "E012", f"{model._meta.label} has a composite primary key.", fix)]
    if (getattr(pk, "max_length", None) or 0) > MAX_KEY_LENGTH:
        message = f"the key of {model._meta.label} may have {pk.max_length} characters."
        return [_error(cls, "E013", message, f"Keys up to {MAX_KEY_LENGTH} can be indexed.")]
    return []


def _check_fields(cls: type[Catalogue], model: type[models.Model]) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name, declared in cls.fields.items():
        if hasattr(cls, f"prepare_{name}"):
            continue
        for path in declared.sources:
            missing = missing_step(model, path)
            if missing is not None:
                message = f"field `{missing.step}` not found on {missing.model._meta.label}."
                fix = f"Write a source for `{name}`, or a method `prepare_{name}`."
                if missing.suggestion:
                    fix = f"Did you mean `{missing.suggestion}`?"
                found.append(_error(cls, "E011", message, fix))
    for path in cls.reindex_on:
        missing = missing_step(model, path.removesuffix(STAR).replace("__", "."))
        if missing is not None:
            message = f"reindex_on: `{missing.step}` not found on {missing.model._meta.label}."
            fix = f"Did you mean `{missing.suggestion}`?" if missing.suggestion else "Remove it."
            found.append(_error(cls, "E011", message, fix))
        elif STAR in path and tree_of(model, path) is None:
            message = f"reindex_on: `{path}` climbs no tree."
            fix = (
                f"The step before `{STAR}` is the last: a foreign key of the model to itself, or a "
                "text that begins with that of the row above."
            )
            found.append(_error(cls, "E007", message, fix))
    kinds = Counter(type(declared) for declared in cls.fields.values() if declared.unique)
    for kind, count in kinds.items():
        if count > 1:
            message = f"declares {count} fields of {kind.__name__}."
            found.append(_error(cls, "E015", message, "Keep one."))
    if not kinds[f.Title]:
        found.append(_error(cls, "E014", "has no title.", "Write `title = Title()`."))
    return found


def _check_names(cls: type[Catalogue]) -> list[CheckMessage]:
    fix = "Give it another name, and the path as its source."
    return [
        _error(cls, "E009", f"Facet `{name}` has the name of a filter that every shop has.", fix)
        for name, declared in cls.fields.items()
        if isinstance(declared, f.Facet) and name in f.RESERVED
    ]


def _check_trees(cls: type[Catalogue], model: type[models.Model]) -> list[CheckMessage]:
    """Warn of values computed from the rows above in a tree: changes of those are not seen."""
    found: list[CheckMessage] = []
    climbed = {tree.relation for tree in trees_of(model, cls.reindex_on).values()}
    for name, declared in cls.fields.items():
        for path in () if hasattr(cls, f"prepare_{name}") else declared.sources:
            above = tree_above(model, path)
            if above and above.rpartition("__")[0] not in climbed:
                message = f"Catalogue {cls.__name__}: `{name}` reads {path} of rows in a tree."
                fix = (
                    f'Write `reindex_on = ["{above}"]`, if it says anything of the rows above: '
                    "their changes are not seen."
                )
                found.append(checks.Warning(message, hint=fix, obj=cls, id="shopreco.W012"))
    return found


def _check_methods(cls: type[Catalogue], model: type[models.Model]) -> list[CheckMessage]:
    """Warn of paths through methods: what they read is not seen to change without `reindex_on`."""
    if cls.reindex_on:
        return []
    found: list[CheckMessage] = []
    for name, declared in cls.fields.items():
        for path in () if hasattr(cls, f"prepare_{name}") else declared.sources:
            if method := method_on(model, path):
                message = f"Catalogue {cls.__name__}: `{name}` goes through the method {method}."
                fix = (
                    "Name the relations that it reads in `reindex_on`: their changes are not seen."
                )
                found.append(checks.Warning(message, hint=fix, obj=cls, id="shopreco.W010"))
    return found


def _check_parent(cls: type[Catalogue], model: type[models.Model]) -> list[CheckMessage]:
    for name, declared in cls.fields.items():
        if not isinstance(declared, f.Parent) or hasattr(cls, f"prepare_{name}"):
            continue
        try:
            related = model._meta.get_field(declared.source).related_model
        except FieldDoesNotExist:
            continue
        if related is not model:
            message = f"Parent `{declared.source}` does not point to {model._meta.label} itself."
            fix = "Index the parent model, with its variants' texts from a `prepare_…` method."
            return [_error(cls, "E016", message, fix)]
    return []


def _check_relations(cls: type[Catalogue], model: type[models.Model]) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for name, declared in cls.fields.items():
        if not isinstance(declared, f.Relation):
            continue
        if not is_relation_code(declared.to):
            message = f"Relation `{name}`: {declared.to!r} is no code of a relation."
            fix = "Write one word such as `complements` or `part_of`, of at most 100 characters."
            found.append(_error(cls, "E018", message, fix))
        if declared.weighed_by and not declared.is_weighed:
            found.append(_error(cls, "E008", *_unweighed(model, name, declared)))
            continue
        steps = relation_steps(model, declared.source)
        leads_to_objects = len(steps) == len(declared.source.split("."))
        if hasattr(cls, f"prepare_{name}") or not leads_to_objects:
            continue
        if not issubclass(target := steps[-1].far, model):
            message = f"Relation `{name}` leads to {target._meta.label}, not {model._meta.label}."
            fix = f"Declare a Filter, or yield ({declared.to!r}, (kind, label)) from `get_edges`."
            found.append(_error(cls, "E017", message, fix))
    return found


def _unweighed(model: type[models.Model], name: str, declared: f.Relation) -> tuple[str, str]:
    """What is wrong, and the fix, if a weight is named but no rows that have it are followed."""
    steps = relation_steps(model, declared.source)
    field = steps[0].field if steps else None
    rows, last = "rows", "product"
    if field is not None and field.many_to_many and field.concrete:
        back = field.remote_field.through._meta.get_field(field.m2m_field_name()).remote_field
        rows, last = back.get_accessor_name() or rows, field.m2m_reverse_field_name()
    message = f"Relation `{name}` is weighed by `{declared.weighed_by}`, and follows no rows."
    path = f"{rows}.{last}"
    return (
        message,
        f'Follow those that have it: `Relation("{path}", weight="{declared.weighed_by}")`.',
    )


def _check_visibility(cls: type[Catalogue]) -> list[CheckMessage]:
    from shopreco.catalogues.base import Catalogue as Base

    declared = [name for name, each in cls.fields.items() if isinstance(each, f.Visibility)]
    if not declared or cls.get_visibility is not Base.get_visibility:
        return []
    message = f"declares Visibility `{declared[0]}`, and everybody sees everything."
    fix = "Say in `get_visibility(request)` which values of it a visitor sees."
    return [_error(cls, "E019", message, fix)]


def _check_language(cls: type[Catalogue]) -> list[CheckMessage]:
    declared = any(isinstance(each, f.Language) for each in cls.fields.values())
    given: Any = settings  # its stubs know no `is_overridden`
    if declared or given.is_overridden("LANGUAGE_CODE"):
        return []
    message = f"Catalogue {cls.__name__}: nothing says which language its texts are in."
    fix = "Set LANGUAGE_CODE, or declare a `Language()`; until then the texts themselves are asked."
    return [checks.Warning(message, hint=fix, obj=cls, id="shopreco.W011")]


def _error(cls: type[Catalogue], id: str, message: str, fix: str) -> Error:
    return Error(f"Catalogue {cls.__name__}: {message}", hint=fix, obj=cls, id=f"shopreco.{id}")
