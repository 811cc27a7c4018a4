"""Declarations of a catalogue: which attribute of the shop's object means what.

`source` is a dotted path from the object (`"brand.name"`, `"categories.path"`); it follows
relations, also to many rows, reads properties and calls methods without arguments. Without a
source the declaration's own name is the path. `prepare_<name>` on the catalogue replaces it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils.text import capfirst

SEPARATOR = " > "
EVERYONE = " "
"""Value of a `Visibility` that every visitor has. No shop has it, since values are stripped."""

FILTERS = frozenset({"available", "language", "price", "price_max", "price_min", "site"})
"""Names of the filters that every catalogue has, whatever it declares."""
RESERVED = FILTERS | {
    *("catalogue", "collapse", "currency", "explain", "facets", "limit", "offset", "photo", "q"),
    *("query", "sort"),
}
"""Those names, and those of the other parameters of a search."""
ATTRIBUTE = "attribute."
"""Begins the facet of a free attribute whose own name means something else."""


class Field:
    """Base of all declarations.

    `weight` above zero makes the values searchable as words too, with that weight in BM25F.
    `embedded` puts them into the passage that the language model encodes.
    """

    weight: float = 0.0
    embedded = False
    unique = False
    """Whether a catalogue may declare at most one field of this class."""
    modality = ""
    """Of its values, besides text: image or video."""

    def __init__(
        self, source: str = "", *, weight: float | None = None, embedded: bool | None = None
    ) -> None:
        self.name = ""
        self._source = source
        if weight is not None:
            self.weight = weight
        if embedded is not None:
            self.embedded = embedded

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def source(self) -> str:
        return self._source or self.name

    @property
    def sources(self) -> tuple[str, ...]:
        """Every path that this declaration reads; the checks and prefetching follow them."""
        return (self.source,)

    def values(self, obj: object) -> list[Any]:
        return list(follow(obj, self.source))

    def words(self, values: Iterable[Any]) -> str:
        """The values as searchable text."""
        return "\n".join(text for value in values if (text := _text(value)))


class Text(Field):
    """A text that is searched by words and by meaning."""

    weight = 1.0
    embedded = True


class Title(Text):
    """The name of the object: the text that counts most. Every catalogue has one."""

    weight = 3.0
    unique = True


class Identifier(Field):
    """A SKU, EAN or model number: typed exactly, it finds its object at once."""

    weight = 1.0


class Facet(Field):
    """A whitelisted filter with counts. `label` is what shoppers read above its values."""

    def __init__(
        self,
        source: str = "",
        *,
        label: object = "",
        weight: float | None = None,
        embedded: bool | None = None,
    ) -> None:
        super().__init__(source, weight=weight, embedded=embedded)
        self._label = label

    @property
    def has_label(self) -> bool:
        """Whether it has words of its own, and not only its name."""
        return bool(self._label)

    @property
    def label(self) -> str:
        return str(self._label) or str(capfirst(self.name.replace("_", " ")))

    def facets(self, values: Iterable[Any]) -> dict[str, tuple[str, ...]]:
        """Filter values by facet name, in order and without repeats."""
        texts = (text for value in values if (text := _text(value)))
        return {self.name: tuple(dict.fromkeys(texts))}


class Filter(Facet):
    """One facet: a brand, a colour, a size."""


class Category(Facet):
    """A path such as "Home > Lighting > Desk lamps"; filtering by an ancestor finds it too."""

    weight = 1.0
    unique = True

    def facets(self, values: Iterable[Any]) -> dict[str, tuple[str, ...]]:
        paths: dict[str, None] = {}
        for value in values:
            levels = [level.strip() for level in _text(value).split(SEPARATOR.strip())]
            levels = [level for level in levels if level]
            for depth in range(1, len(levels) + 1):
                paths[SEPARATOR.join(levels[:depth])] = None
        return {self.name: tuple(paths)}


class Attributes(Facet):
    """A JSON object of free attributes: every key becomes a facet of its own.

    Where a declaration or a filter has the name already, as `language` of a book, the facet's is
    `attribute.language`.
    """

    weight = 0.5
    unique = True

    def facets(self, values: Iterable[Any]) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for attributes in values:
            if not isinstance(attributes, Mapping):
                continue
            for key, value in attributes.items():
                each = value if isinstance(value, (list, tuple)) else [value]
                texts = {text: None for one in each if (text := _text(one))}
                if texts:
                    found.setdefault(str(key), {}).update(texts)
        return {key: tuple(texts) for key, texts in found.items()}

    def words(self, values: Iterable[Any]) -> str:
        return "\n".join(" ".join(texts) for texts in self.facets(values).values())


class Image(Field):
    """Pictures: a file field, or names of files in the default storage. The first counts most."""

    unique = True
    modality = "image"


class Video(Field):
    """Videos, declared as pictures are. What they say is not listened to."""

    unique = True
    modality = "video"


class Price(Field):
    """A price. `currency` is a path on the object or a fixed ISO 4217 code such as `"EUR"`."""

    unique = True

    def __init__(self, source: str = "", *, currency: str) -> None:
        super().__init__(source)
        self.currency = currency

    @property
    def fixed_currency(self) -> str:
        return self.currency if len(self.currency) == 3 and self.currency.isupper() else ""

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.source,) if self.fixed_currency else (self.source, self.currency)

    def amount(self, values: Iterable[Any]) -> Decimal | None:
        for value in values:
            try:
                amount = Decimal(str(value))
            except InvalidOperation:
                continue
            if amount.is_finite():
                return amount
        return None

    def currency_of(self, obj: object) -> str:
        return self.fixed_currency or next((_text(v) for v in follow(obj, self.currency)), "")


class Availability(Field):
    """Whether the object can be bought: a boolean or a number in stock."""

    unique = True

    def available(self, values: Iterable[Any]) -> bool:
        return any(bool(v) and not (isinstance(v, (int, float)) and v < 0) for v in values)


class Added(Field):
    """When the object came into the shop: the order of "newest"."""

    unique = True


class Language(Field):
    """The language of the texts (BCP 47); without it the language is detected."""

    unique = True


class Site(Field):
    """The `django.contrib.sites` site, by relation or id, that the object belongs to."""

    unique = True


class Parent(Field):
    """The product whose variant this object is: a foreign key to the same model."""

    unique = True


class Visibility(Field):
    """Who may see the object: a site, a customer group, whether it is published.

    Searched by no shopper and shown by no facet; `Catalogue.get_visibility` says which values a
    visitor may see. A boolean is the value "yes", or none; a related object counts by its key.

    `empty_means_everyone` decides what an object without a value is: by default nobody sees it.
    """

    def __init__(self, source: str = "", *, empty_means_everyone: bool = False) -> None:
        super().__init__(source)
        self.empty_means_everyone = empty_means_everyone

    def audiences(self, values: Iterable[Any]) -> tuple[str, ...]:
        """The values as texts, in order and without repeats."""
        found = tuple(dict.fromkeys(text for value in values if (text := audience(value))))
        return found or ((EVERYONE,) if self.empty_means_everyone else ())


class VisibleFrom(Field):
    """When the object begins to be seen; without a value it always has been."""

    unique = True


class VisibleUntil(Field):
    """When the object ceases to be seen; without a value it never does."""

    unique = True


class Relation(Field):
    """Links to other objects of the same model, or to their keys. `to` says how the target is
    related: `complements`, `substitutes`, `has_accessory`, `accessory_of` or a code of your own.

    `weight` names a number of the rows that the source follows last, such as those of a `through`
    model, which orders and weighs the links:
    `Relation("recommendations.product", to="complements", weight="ranking")`.
    """

    def __init__(self, source: str = "", *, to: str, weight: str = "") -> None:
        super().__init__(source)
        self.to = to
        self.weighed_by = weight

    @property
    def rows(self) -> str:
        """The path to the rows between an object and its targets; empty where there are none."""
        return self.source.rpartition(".")[0]

    @property
    def is_weighed(self) -> bool:
        return bool(self.weighed_by and self.rows)

    @property
    def sources(self) -> tuple[str, ...]:
        return (
            (self.source, f"{self.rows}.{self.weighed_by}") if self.is_weighed else (self.source,)
        )

    def links(self, obj: object) -> list[tuple[Any, Any]]:
        """Targets, each with the number of its row; with None where nothing weighs them."""
        if not self.is_weighed:
            return [(target, None) for target in self.values(obj)]
        last = self.source.rpartition(".")[2]
        return [
            (target, next(follow(row, self.weighed_by), 0))
            for row in follow(obj, self.rows)
            for target in follow(row, last)
        ]


def follow(obj: object, path: str) -> Iterator[Any]:
    """All values at the end of a dotted path; missing relations and None give nothing."""
    if obj is None:
        return
    if not path:
        yield obj
        return
    head, _, rest = path.partition(".")
    value: Any = obj.get(head) if isinstance(obj, Mapping) else getattr(obj, head, None)
    if isinstance(value, models.Manager):
        value = value.all()
    elif callable(value):
        value = value()
    if isinstance(value, (list, tuple, set, frozenset, models.QuerySet)):
        for one in value:
            yield from follow(one, rest)
    else:
        yield from follow(value, rest)


def audience(value: object) -> str:
    """A value of a `Visibility` as text: of an object its key."""
    return _text(value.pk if isinstance(value, models.Model) else value)


def _text(value: object) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # PostgreSQL cannot store NUL in text or jsonb.
    return str(value).replace("\x00", "").strip()
