import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('shopreco', '0014_shown_and_visible_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='lexiconterm',
            name='found_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=models.Value([]), editable=False, size=None),
        ),
        AddIndexConcurrently(
            model_name='lexiconterm',
            index=django.contrib.postgres.indexes.GinIndex(fields=['found_by'], name='shopreco_term_found_by'),
        ),
    ]
