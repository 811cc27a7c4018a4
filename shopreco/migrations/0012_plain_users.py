"""Who asked for a run is written down as text: the tables of shopreco may have a database of their
own, where there are no users. Databases that were migrated before have a foreign key."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import migrations, models, router

WITHOUT_FOREIGN_KEY = """
    DO $$
    DECLARE
        runs CONSTANT regclass := 'shopreco_indexrun';
        place CONSTANT smallint := (
            SELECT attnum FROM pg_attribute WHERE attrelid = runs AND attname = 'requested_by_id');
        found record;
    BEGIN
        FOR found IN SELECT conname FROM pg_constraint
            WHERE conrelid = runs AND contype = 'f' AND conkey = ARRAY[place]
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', runs, found.conname); END LOOP;
        FOR found IN SELECT indexrelid::regclass AS name FROM pg_index
            WHERE indrelid = runs AND indkey::text = place::text
        LOOP EXECUTE format('DROP INDEX %s', found.name); END LOOP;
    END $$;
    ALTER TABLE shopreco_indexrun
        ALTER COLUMN requested_by_id TYPE varchar(255) USING coalesce(requested_by_id::text, ''),
        ALTER COLUMN requested_by_id SET NOT NULL;
"""


def write_names(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("shopreco", "IndexRun").objects.using(schema_editor.connection.alias)
    asked = runs.exclude(requested_by_id="")
    ids = set(asked.values_list("requested_by_id", flat=True))
    if not ids:
        return
    user_model = get_user_model()
    users = user_model._base_manager.using(router.db_for_read(user_model)).filter(pk__in=ids)
    for pk, name in users.values_list("pk", user_model.USERNAME_FIELD):
        asked.filter(requested_by_id=str(pk)).update(requested_by=str(name)[:255])


class Migration(migrations.Migration):
    dependencies = [
        ("shopreco", "0011_kept_vectors"),
    ]

    operations = [
        migrations.RunSQL(WITHOUT_FOREIGN_KEY, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="indexrun",
            name="requested_by",
            field=models.CharField(blank=True, default="", max_length=255, verbose_name="requested by"),
            preserve_default=False,
        ),
        migrations.RunPython(write_names, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="embeddingspace",
            name="state",
            field=models.CharField(
                choices=[
                    ("building", "building"),
                    ("active", "active"),
                    ("retired", "retired"),
                    ("deleting", "being deleted"),
                ],
                default="building",
                max_length=8,
                verbose_name="state",
            ),
        ),
    ]
