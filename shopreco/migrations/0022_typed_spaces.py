import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models


def fill(apps, schema_editor):
    spaces = apps.get_model("shopreco", "EmbeddingSpace").objects.using(
        schema_editor.connection.alias
    )
    for space in spaces.all():
        space.specification = specification_of(space)
        space.statistics = statistics_of(space.statistics)
        space.save(update_fields=["specification", "statistics"])


def specification_of(space):
    text = {
        "config": space.encoder,
        "fingerprint": space.encoder_fingerprint,
        "dimension": space.dimension,
    }
    found = []
    stored = space.modalities or {"text": {"weight": 1.0}}
    for modality in sorted(stored, key=lambda name: (name != "text", name)):
        keys = stored[modality]
        encoder = text
        if modality in ("image", "video"):
            encoder = {
                "config": keys["encoder"],
                "fingerprint": keys["fingerprint"],
                "dimension": keys["dimension"],
            }
        alignment = keys.get("alignment")
        state = {None: "not needed", "": "awaited"}.get(alignment, "fitted")
        found.append(
            {
                "modality": modality,
                "encoder": encoder,
                "weight": keys["weight"],
                "alignment": {"state": state, "fingerprint": alignment or None},
            }
        )
    return {
        "version": 1,
        "modalities": found,
        "vector_index": space.vector_index,
        "graph_steps": stored.get("graph", {}).get("steps", 0),
    }


def statistics_of(stored):
    return {
        "version": 1,
        "average_lengths": stored.get("average_lengths", {}),
        "language": stored.get("language"),
        "languages": stored.get("languages", {}),
        "unrelated": stored.get("unrelated"),
        "unrelated_pictures": stored.get("unrelated_pictures"),
        "left_out": stored.get("left_out"),
        "is_fused": stored.get("fused", True),
    }


MOVE_PROPAGATED = """
    INSERT INTO shopreco_propagatedvector (space_id, item_id, vector)
    SELECT s.id, m.item_id, m.vector
    FROM shopreco_modalityvector m
    JOIN shopreco_embeddingspace s ON m.encoder = 'space-' || s.id
    WHERE m.modality = 'graph' AND m.vector IS NOT NULL;
    DELETE FROM shopreco_modalityvector WHERE modality = 'graph' AND encoder LIKE 'space-%';
"""


class Migration(migrations.Migration):

    dependencies = [
        ("shopreco", "0021_run_kinds"),
    ]

    operations = [
        migrations.AddField(
            model_name="embeddingspace",
            name="specification",
            field=models.JSONField(
                help_text="What it was made by.", null=True, verbose_name="specification"
            ),
        ),
        migrations.AlterField(
            model_name="embeddingspace",
            name="statistics",
            field=models.JSONField(
                help_text="What was measured of it.", verbose_name="statistics"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="embeddingspace",
            name="specification",
            field=models.JSONField(help_text="What it was made by.", verbose_name="specification"),
        ),
        migrations.RemoveField(model_name="embeddingspace", name="encoder"),
        migrations.RemoveField(model_name="embeddingspace", name="encoder_fingerprint"),
        migrations.RemoveField(model_name="embeddingspace", name="dimension"),
        migrations.RemoveField(model_name="embeddingspace", name="vector_index"),
        migrations.RemoveField(model_name="embeddingspace", name="modalities"),
        migrations.CreateModel(
            name="PropagatedVector",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "space_id",
                        "item_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("vector", pgvector.django.halfvec.HalfVectorField()),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="propagated_vectors",
                        to="shopreco.item",
                    ),
                ),
                (
                    "space",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="propagated_vectors",
                        to="shopreco.embeddingspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "propagated vector",
                "verbose_name_plural": "propagated vectors",
            },
        ),
        migrations.RunSQL(MOVE_PROPAGATED, migrations.RunSQL.noop, elidable=True),
    ]
