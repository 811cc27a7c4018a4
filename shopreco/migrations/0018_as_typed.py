"""Suggestions read words and titles as they are typed: without accents and hyphens."""

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

from shopreco.text.normalisation import typed_title, typed_word

BATCH = 5_000
PLAIN = r"^[a-z0-9]+( [a-z0-9]+)*$"


def fill(apps, schema_editor):
    """What is plain already is copied by the server."""
    connection = schema_editor.connection
    item = apps.get_model("shopreco", "Item").objects.using(connection.alias)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE shopreco_item SET typed_title = lower(title) WHERE lower(title) ~ %s", [PLAIN]
        )
        cursor.execute(
            "UPDATE shopreco_lexiconterm SET typed = surface WHERE surface ~ %s", [PLAIN]
        )
        changed = []
        for each in item.filter(typed_title="").exclude(title="").only("title").iterator(BATCH):
            each.typed_title = typed_title(each.title)
            changed.append(each)
            if len(changed) == BATCH:
                item.bulk_update(changed, ["typed_title"])
                changed = []
        item.bulk_update(changed, ["typed_title"])
        cursor.execute("SELECT DISTINCT surface FROM shopreco_lexiconterm WHERE typed = ''")
        surfaces = [surface for (surface,) in cursor.fetchall()]
        for start in range(0, len(surfaces), BATCH):
            some = surfaces[start : start + BATCH]
            cursor.execute(
                """
                UPDATE shopreco_lexiconterm t SET typed = new.typed
                FROM unnest(%s::text[], %s::text[]) AS new (surface, typed)
                WHERE t.surface = new.surface AND t.typed = ''
                """,
                [some, [typed_word(each) for each in some]],
            )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("shopreco", "0017_spellings")]

    operations = [
        migrations.AddField(
            "item", "typed_title", models.TextField(db_default="", editable=False)
        ),
        migrations.AddField(
            "lexiconterm", "typed", models.TextField(db_default="", editable=False)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        AddIndexConcurrently(
            "item",
            django.contrib.postgres.indexes.GinIndex(
                fields=["typed_title"], name="shopreco_item_typed", opclasses=["gin_trgm_ops"]
            ),
        ),
        AddIndexConcurrently(
            "lexiconterm",
            django.contrib.postgres.indexes.GinIndex(
                fields=["typed"], name="shopreco_term_typed", opclasses=["gin_trgm_ops"]
            ),
        ),
        RemoveIndexConcurrently("item", "shopreco_item_title"),
        RemoveIndexConcurrently("lexiconterm", "shopreco_term_surface"),
    ]
