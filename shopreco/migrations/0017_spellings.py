"""Values of facets that differ by case or spaces count as one."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import MD5

from shopreco.text.normalisation import comparison_key

BATCH = 5_000


def find_spellings(apps, schema_editor):
    facet_code = apps.get_model("shopreco", "FacetCode")
    codes = facet_code.objects.using(schema_editor.connection.alias)
    firsts: dict[tuple[str, str, str], int] = {}
    changed = []
    for code in codes.exclude(value="").order_by("id").iterator(BATCH):
        code.key = comparison_key(code.value)
        first = firsts.setdefault((code.catalogue, code.name, code.key), code.id)
        code.first_id = first if first != code.id else None
        changed.append(code)
        if len(changed) == BATCH:
            codes.bulk_update(changed, ["key", "first_id"])
            changed = []
    codes.bulk_update(changed, ["key", "first_id"])


class Migration(migrations.Migration):
    dependencies = [("shopreco", "0016_has_words")]

    operations = [
        migrations.AddField(
            "facetcode", "key", models.TextField(db_default="", editable=False)
        ),
        migrations.AddField(
            "facetcode",
            "first",
            models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="spellings",
                to="shopreco.facetcode",
                verbose_name="first spelling",
            ),
        ),
        migrations.RunPython(find_spellings, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "facetcode",
            models.UniqueConstraint(
                models.F("catalogue"),
                MD5("name"),
                MD5("key"),
                condition=models.Q(("first", None), models.Q(("key", ""), _negated=True)),
                name="shopreco_facetcode_first",
            ),
        ),
        migrations.AddIndex(
            "facetcode",
            models.Index(
                condition=models.Q(("first__isnull", False)),
                fields=["catalogue"],
                name="shopreco_facetcode_again",
            ),
        ),
    ]
