import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shopreco', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FacetCode',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('catalogue', models.CharField(max_length=100, verbose_name='catalogue')),
                ('name', models.TextField(verbose_name='facet')),
                ('value', models.TextField(verbose_name='value')),
            ],
            options={
                'verbose_name': 'facet code',
                'verbose_name_plural': 'facet codes',
                'constraints': [models.UniqueConstraint(models.F('catalogue'), django.db.models.functions.text.MD5('name'), django.db.models.functions.text.MD5('value'), name='shopreco_facetcode_once')],
            },
        ),
        migrations.RemoveIndex(
            model_name='item',
            name='shopreco_item_facets',
        ),
        migrations.RemoveField(
            model_name='item',
            name='facets',
        ),
        migrations.AddField(
            model_name='item',
            name='facet_codes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, editable=False, help_text='Facets with their values, as numbers.', size=None),
        ),
        migrations.AddIndex(
            model_name='item',
            index=django.contrib.postgres.indexes.GinIndex(fields=['facet_codes'], name='shopreco_item_facets'),
        ),
        # The next re-index writes the codes; it finds the rows by their missing hash.
        migrations.RunSQL("UPDATE shopreco_item SET hashes = '{}'", migrations.RunSQL.noop),
    ]
