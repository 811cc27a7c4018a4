"""What changes above a product's own category, however far, re-indexes the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.db import models

from demo_shop.models import Category, Product
from shopreco import catalogues
from shopreco.catalogues import Catalogue, Title, get_catalogue, register
from shopreco.catalogues.checks import check_catalogue
from shopreco.indexing import signals
from shopreco.indexing.marks import Fact, mark
from shopreco.models import Mark
from tests.helpers.outbox import forget_changes, waiting
from tests.testapp.models import Gadget

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

PRODUCT = "demo_shop.product"
BY_PARENT, BY_PATH = "categories__parent*", "categories__path*"
every_tree = pytest.mark.parametrize("path", [BY_PARENT, BY_PATH])


@pytest.fixture
def climb() -> Iterator[Callable[..., None]]:
    """`climb(path, model)`: the model has a catalogue that re-indexes on this path."""
    before = [type(each) for each in catalogues.get_catalogues()]

    def replace(path: str, of: type = Product) -> None:
        class Climbing(Catalogue):
            model = of
            title = Title("pk")
            category = catalogues.Category("categories.path" if of is Product else "name")
            reindex_on = (path,)

        register(Climbing)
        signals.connect()

    yield replace
    for each in before:
        register(each)
    signals.connect()


def shelf(path: str, *titles: str) -> set[str]:
    """Products in a category; their keys."""
    category = Category.objects.get_or_create_path(path)
    found = set()
    for title in titles:
        product = Product.objects.create(title=title, slug=title, sku=title, price=1)
        product.categories.add(category)
        found.add(str(product.pk))
    return found


@pytest.fixture
def lamps() -> set[str]:
    """Two products at different depths of Home, beside one elsewhere."""
    shelf("Garden > Lighting", "torch")
    return shelf("Home > Lighting > Desk lamps", "desk-lamp") | shelf("Home > Lighting", "bulb")


def home() -> Category:
    return Category.objects.get(path="Home")


@every_tree
def test_a_category_above_is_renamed(
    path: str, climb: Callable[..., None], lamps: set[str]
) -> None:
    climb(path)
    forget_changes()
    root = home()
    root.name = "House"
    root.save()
    assert Mark.objects.filter(catalogue=PRODUCT).count() == 2, "as few as without a tree, and one"
    assert waiting() == lamps


@every_tree
def test_a_subtree_is_moved(path: str, climb: Callable[..., None], lamps: set[str]) -> None:
    climb(path)
    forget_changes()
    lighting = Category.objects.get(path="Home > Lighting")
    # As trees in text move: all rows at once, which no signal sees, and then a save.
    for each in Category.objects.filter(path__startswith="Home > Lighting"):
        moved = {"path": each.path.replace("Home", "Office"), "slug_path": f"office-{each.pk}"}
        Category.objects.filter(pk=each.pk).update(**moved)
    lighting.refresh_from_db()
    lighting.parent = Category.objects.create(name="Office", path="Office", slug_path="office")
    lighting.save()
    assert waiting() == lamps


@every_tree
def test_a_category_above_is_deleted(
    path: str, climb: Callable[..., None], lamps: set[str]
) -> None:
    climb(path)
    forget_changes()
    home().delete()
    assert waiting() >= lamps


def test_children_that_stay_when_their_parent_goes_tell_of_it(
    climb: Callable[..., None], lamps: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    above = Category._meta.get_field("parent").remote_field
    monkeypatch.setattr(above, "on_delete", models.SET_NULL)
    climb(BY_PARENT)
    forget_changes()
    home().delete()
    assert waiting() == lamps


def test_the_rows_of_a_catalogue_may_be_the_tree(climb: Callable[..., None]) -> None:
    climb("parent*", Gadget)
    top = Gadget.objects.create(name="top")
    middle = Gadget.objects.create(name="middle", parent=top)
    low = Gadget.objects.create(name="low", parent=middle)
    forget_changes()
    top.save()
    assert waiting() == {str(each.pk) for each in (top, middle, low)}


def test_a_tree_that_is_a_circle_comes_to_an_end(
    climb: Callable[..., None], lamps: set[str]
) -> None:
    climb(BY_PARENT)
    deep = Category.objects.get(path="Home > Lighting > Desk lamps")
    Category.objects.filter(path="Home").update(parent=deep)
    forget_changes()
    deep.save()
    assert waiting() == lamps


@every_tree
def test_a_key_of_another_time_keeps_nothing_else_waiting(
    path: str, climb: Callable[..., None], lamps: set[str]
) -> None:
    climb(path)
    forget_changes()
    mark([Fact(PRODUCT, path, "12 of old"), Fact(PRODUCT, "", next(iter(lamps)))])
    assert waiting() == {next(iter(lamps))}
    assert not Mark.objects.exists()


# Checks


def found(path: str, source: str = "categories.path") -> list[tuple[str, str]]:
    class ProductCatalogue(Catalogue):
        model = Product
        title = Title()
        category = catalogues.Category(source)
        reindex_on = (path,) if path else ()

    return [(m.id or "", f"{m.msg} {m.hint}") for m in check_catalogue(ProductCatalogue)]


@pytest.mark.parametrize("path", [BY_PARENT, BY_PATH, "parent*"])
def test_a_tree_that_is_there_is_no_mistake(path: str) -> None:
    assert found(path) == []


@pytest.mark.parametrize(
    ("path", "id", "hint"),
    [
        ("categories__parnt*", "E011", "Did you mean `parent`?"),
        ("categories*", "E007", "a foreign key of the model to itself"),
        ("categories__position*", "E007", "climbs no tree"),
        ("brand*", "E007", "climbs no tree"),
        ("categories*__parent", "E011", "Did you mean `categories`?"),
    ],
)
def test_a_star_that_climbs_nothing_is_named(path: str, id: str, hint: str) -> None:
    [(found_id, message)] = found(path)
    assert found_id == f"shopreco.{id}"
    assert hint in message


def test_what_is_computed_on_rows_of_a_tree_names_the_path_to_climb() -> None:
    [(id, message)] = found("", "categories.get_absolute_url")
    assert id == "shopreco.W012"
    assert f'reindex_on = ["{BY_PARENT}"]' in message
    assert found(BY_PARENT, "categories.get_absolute_url") == []
    assert get_catalogue(PRODUCT).trees == {}
