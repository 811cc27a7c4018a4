from django.db import migrations, models

import shopreco.models.runs


class Migration(migrations.Migration):
    dependencies = [
        ("shopreco", "0020_placements"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="indexrun",
            name="shopreco_run_one_live",
        ),
        migrations.AddField(
            model_name="indexrun",
            name="notes",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="indexrun",
            name="subject",
            field=models.CharField(default="index", max_length=200),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="indexrun",
            name="kind",
            field=models.CharField(
                choices=shopreco.models.runs.kind_choices, max_length=40, verbose_name="kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="indexrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("queued", "running"))),
                fields=("catalogue", "subject"),
                name="shopreco_run_one_live",
            ),
        ),
    ]
