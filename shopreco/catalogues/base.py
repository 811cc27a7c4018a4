"""The adapter between a shop's model and the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from functools import cached_property
from typing import Any, ClassVar, TypeVar

from django.core import checks
from django.core.exceptions import ValidationError
from django.db import models, router
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst

from shopreco.catalogues import fields as f
from shopreco.catalogues.documents import ItemDocument, TextPart, has_letters
from shopreco.catalogues.edges import declared_edges
from shopreco.catalogues.media import address_of, media_of
from shopreco.catalogues.paths import relations_of, written_prefetch
from shopreco.catalogues.trees import Tree, trees_of
from shopreco.conf import get_settings
from shopreco.fusion import modality_weights
from shopreco.text.identifiers import normalise_identifier, written_identifier

F = TypeVar("F", bound=f.Field)


class Catalogue:
    """Says what search and recommendation may know of one model. The shop writes a subclass:

        @register
        class ProductCatalogue(Catalogue):
            model = Product
            title = Title()
            brand = Filter("brand.name", weight=1)
            price = Price(currency="EUR")

    Every method is a hook; the defaults suit a plain model.
    """

    model: ClassVar[type[models.Model]]
    reindex_on: ClassVar[Sequence[str]] = ()
    """Further relations whose changes re-index: paths as in `prefetch_related`. Those that the
    declarations follow are watched without being named."""

    modality_weights: ClassVar[Mapping[str, float]] = {}
    """What differs from the setting `MODALITY_WEIGHTS` for this catalogue."""

    fields: ClassVar[dict[str, f.Field]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, f.Field)}
        inherited = {n: v for base in reversed(cls.__mro__[1:]) for n, v in _fields_of(base)}
        cls.fields = {**inherited, **own}

    # What the shop may override

    def get_queryset(self) -> models.QuerySet[Any]:
        """The objects that belong in the index. An object that is not in it is removed."""
        return self.model._default_manager.all()

    def get_live_queryset(self, request: HttpRequest | None) -> models.QuerySet[Any]:
        """The objects that this visitor may see now: read at every answer, never cached."""
        return self.get_queryset()

    def get_visibility(self, request: HttpRequest | None) -> Mapping[str, Any]:
        """What this visitor may see, as values of `Visibility` declarations and of filters.

            return {"published": True, "site": get_current_site(request).pk, "group": groups}

        It narrows every statement: results, totals, facets, suggestions, blocks and reasons. Of one
        name an object needs any of the values; names add up, and one that is left out does not
        narrow. Without this hook only `get_live_queryset` knows what is hidden, and it is asked of
        what is shown, not of all that matches.
        """
        return {}

    def get_currency(self, request: HttpRequest | None) -> str:
        """The currency (ISO 4217) of the prices that this visitor filters and sorts by, where the
        objects have several; empty where they have one."""
        return ""

    def is_indexable(self, obj: Any) -> bool | str:
        """False, or the reason as a text, keeps an object out of the index."""
        return True

    def get_title(self, obj: Any) -> str:
        """What suggestions, blocks and the API call the object, in the visitor's language."""
        title = self.field(f.Title)
        words = title.words(self.values(title.name, obj)) if title else ""
        return words or str(obj)

    def get_edges(self, obj: Any) -> Iterable[tuple[str, Any] | tuple[str, Any, float]]:
        """Further edges of the knowledge graph, as (relation, target) or with a weight behind. The
        target is another object of this model or its key, or a pair such as ("collection",
        "Nordic"). Weights order the links of a relation: any numbers, the greatest first."""
        return ()

    def get_url(self, obj: Any) -> str:
        """Where the object's page is: its `get_absolute_url`, unless overridden."""
        get_absolute_url = getattr(obj, "get_absolute_url", None)
        return str(get_absolute_url()) if callable(get_absolute_url) else ""

    def get_picture(self, obj: Any) -> str:
        """The URL of the picture on a card: of the first that `Image` declares, unless overridden,
        as by a small version of it."""
        declared = self.field(f.Image)
        return address_of(self.values(declared.name, obj)) if declared else ""

    def get_facet_label(self, name: str) -> str:
        """What shoppers read above the values of a facet."""
        declared = self.fields.get(name)
        if isinstance(declared, f.Facet):
            return declared.label
        return str(capfirst(name.removeprefix(f.ATTRIBUTE).replace("_", " ")))

    # What shopreco reads

    @property
    def name(self) -> str:
        """The model's label, "shop.product": the key of this catalogue everywhere."""
        return self.model._meta.label_lower

    def field(self, kind: type[F]) -> F | None:
        """The declaration of a kind that occurs at most once."""
        return next((each for each in self.fields.values() if type(each) is kind), None)

    def facet_of(self, declared: f.Facet, key: str) -> str:
        """The facet of a value: of a free attribute another than any declaration or filter has."""
        if not isinstance(declared, f.Attributes):
            return key
        is_taken = key in f.RESERVED or key in self.fields
        return f"{f.ATTRIBUTE}{key}" if is_taken else key

    @cached_property
    def parent_field(self) -> f.Parent | None:
        return self.field(f.Parent)

    @property
    def hides_by_queryset(self) -> bool:
        """Whether only the live queryset knows what a visitor may not see."""
        live, visibility = (
            getattr(getattr(self, name), "__func__", None)
            for name in ("get_live_queryset", "get_visibility")
        )
        return live is not Catalogue.get_live_queryset and visibility is Catalogue.get_visibility

    @cached_property
    def relations(self) -> tuple[str, ...]:
        """Relations that the declarations follow, as in `prefetch_related`, outermost first."""
        paths = [path for each in self.fields.values() for path in each.sources]
        paths += [path.replace("__", ".") for path in self.reindex_on]
        return relations_of(self.model, paths)

    @cached_property
    def trees(self) -> dict[str, Tree]:
        """Trees whose rows `reindex_on` climbs, by path."""
        return trees_of(self.model, self.reindex_on)

    def written_queryset(self) -> models.QuerySet[Any]:
        """`get_queryset` from the database that the model is written to, unless it names another:
        a replica may not have yet what was saved a moment ago."""
        queryset = self.get_queryset()
        chosen: str | None = vars(queryset)["_db"]
        return queryset.using(chosen or router.db_for_write(self.model))

    def indexed_queryset(self) -> models.QuerySet[Any]:
        """`written_queryset` with the relations fetched, in the order by key that paging needs."""
        queryset = self.written_queryset()
        relations = self.relations
        if queryset.db == router.db_for_read(self.model):
            return queryset.prefetch_related(*relations).order_by("pk")
        # Left to the router, what is fetched would be read elsewhere than the objects.
        fetched = [written_prefetch(self.model, each, queryset.db) for each in relations]
        return queryset.prefetch_related(*fetched).order_by("pk")

    def to_pk(self, object_id: str) -> Any:
        """The model's key from its text; None where the text cannot be a key of this model."""
        try:
            return self.model._meta.pk.to_python(object_id)
        except (ValidationError, ValueError, TypeError):
            return None

    def to_pks(self, object_ids: Iterable[str]) -> list[Any]:
        return [pk for object_id in object_ids if (pk := self.to_pk(object_id)) is not None]

    def get_value_label(self, name: str, value: str) -> str:
        """What shoppers read of a facet's value, in the visitor's language."""
        return value

    def values(self, name: str, obj: Any) -> list[Any]:
        """What a declaration reads from an object, through `prepare_<name>` where there is one."""
        prepare = getattr(self, f"prepare_{name}", None)
        if prepare is None:
            return self.fields[name].values(obj)
        prepared = prepare(obj)
        if isinstance(prepared, (list, tuple, set, frozenset)):
            return list(prepared)
        return [] if prepared is None else [prepared]

    def declared_links(self, obj: Any) -> Iterator[tuple[str, Any, Any]]:
        """Relation, target and number of what the declarations and `get_edges` link it to."""
        for name, declared in self.fields.items():
            if isinstance(declared, f.Relation):
                if hasattr(self, f"prepare_{name}"):
                    yield from ((declared.to, target, None) for target in self.values(name, obj))
                else:
                    yield from ((declared.to, *link) for link in declared.links(obj))
        for relation, target, *number in self.get_edges(obj):
            yield relation, target, number[0] if number else None

    @classmethod
    def get_modality_weights(cls) -> dict[str, float]:
        """Weight in p_final by modality."""
        given = {**get_settings().MODALITY_WEIGHTS, **cls.modality_weights}
        return modality_weights(**{name.lower(): weight for name, weight in given.items()})

    def document(self, obj: Any) -> ItemDocument:
        """The object as an `ItemDocument`. Whatever a hook raises is the caller's to record."""
        texts: list[TextPart] = []
        passage: list[str] = []
        identifiers: list[str] = []
        facets: dict[str, tuple[str, ...]] = {}
        audiences: dict[str, tuple[str, ...]] = {}
        rest: dict[str, Any] = {}
        title = ""
        for name, declared in self.fields.items():
            values = self.values(name, obj)
            words = declared.words(values) if declared.weight or declared.embedded else ""
            if words and declared.weight:
                texts.append(TextPart(name, words, declared.weight))
            if declared.embedded and has_letters(words):
                passage.append(words)
            match declared:
                case f.Title():
                    title = words
                case f.Identifier():
                    for value in values:
                        if key := normalise_identifier(value):
                            identifiers += [key, written_identifier(value)]
                case f.Facet():
                    for key, each in declared.facets(values).items():
                        if each:
                            facets[self.facet_of(declared, key)] = each
                case f.Price():
                    rest["price"] = declared.amount(values)
                    rest["currency"] = declared.currency_of(obj)[:3]
                case f.Visibility():
                    audiences[name] = declared.audiences(values)
                case f.VisibleFrom():
                    rest["visible_from"] = _bound(name, values)
                case f.VisibleUntil():
                    rest["visible_until"] = _bound(name, values)
                case f.Availability():
                    rest["available"] = declared.available(values)
                case f.Added():
                    rest["added_at"] = _moment(values[0]) if values else None
                case f.Language():
                    rest["language"] = str(values[0])[:16] if values else ""
                case f.Site():
                    rest["site_id"] = _key(values[0]) if values else None
                case f.Image():
                    rest["images"] = media_of(values)
                case f.Video():
                    rest["videos"] = media_of(values)
                case f.Parent():
                    rest["parent_id"] = str(_key(values[0])) if values else ""
        return ItemDocument(
            catalogue=self.name,
            object_id=str(obj.pk),
            title=title,
            passage=". ".join(passage),
            texts=tuple(texts),
            identifiers=tuple(dict.fromkeys(identifiers)),
            facets=facets,
            audiences=audiences,
            edges=declared_edges(self.model, self.declared_links(obj)),
            **rest,
        )

    @classmethod
    def check(cls) -> list[checks.CheckMessage]:
        from shopreco.catalogues.checks import check_catalogue

        return check_catalogue(cls)


def _fields_of(cls: type) -> list[tuple[str, f.Field]]:
    return [(name, value) for name, value in vars(cls).items() if isinstance(value, f.Field)]


def _key(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


def _bound(name: str, values: Sequence[Any]) -> datetime | None:
    """Raises `ValueError` where there is a value that is no time: it must not mean "always"."""
    moment = _moment(values[0]) if values else None
    if values and moment is None:
        raise ValueError(f"{name} is {values[0]!r:.80}, which is neither a date nor a time.")
    return moment


def _moment(value: Any) -> datetime | None:
    """A date or naive time as an aware time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        return None
    return timezone.make_aware(value) if timezone.is_naive(value) else value
