import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shopreco', '0003_modalities'),
    ]

    operations = [
        migrations.CreateModel(
            name='RelationType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(allow_unicode=True, max_length=100, unique=True, verbose_name='code')),
                ('meaning', models.CharField(choices=[('same', 'the same product in another form'), ('substitute', 'can replace it'), ('complement', 'goes with it'), ('accessory', 'is an accessory of it'), ('main', 'is what it is an accessory of'), ('attribute', 'describes it'), ('other', 'something else')], default='other', help_text='What the target is to the source.', max_length=10, verbose_name='meaning')),
                ('symmetric', models.BooleanField(default=False, verbose_name='symmetric')),
                ('in_texts', models.BooleanField(default=False, help_text='Known values in a title or description become edges to review.', verbose_name='look for values in texts')),
                ('label', models.CharField(max_length=100, verbose_name='label')),
                ('inverse_label', models.CharField(blank=True, max_length=100, verbose_name='inverse label')),
                ('label_zh', models.CharField(blank=True, max_length=100, verbose_name='label in Chinese')),
                ('inverse_label_zh', models.CharField(blank=True, max_length=100, verbose_name='inverse label in Chinese')),
            ],
            options={
                'verbose_name': 'relation type',
                'verbose_name_plural': 'relation types',
            },
        ),
        migrations.CreateModel(
            name='Node',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('catalogue', models.CharField(max_length=100, verbose_name='catalogue')),
                ('kind', models.CharField(max_length=100, verbose_name='kind')),
                ('key', models.CharField(max_length=255, verbose_name='key')),
                ('label', models.CharField(blank=True, max_length=255, verbose_name='label')),
                ('in_texts', models.BooleanField(default=True, help_text='Untick it for a value that is also a common word.', verbose_name='look for it in texts')),
                ('holders', models.PositiveIntegerField(default=0, help_text='That have this value, at the end of the last run.', verbose_name='items')),
                ('item', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='nodes', to='shopreco.item', verbose_name='item')),
                ('merged_into', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='other_names', to='shopreco.node', verbose_name='merged into')),
            ],
            options={
                'verbose_name': 'node',
                'verbose_name_plural': 'nodes',
            },
        ),
        migrations.CreateModel(
            name='Edge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weight', models.FloatField(default=1.0, help_text='How sure it is, from 0 to 1.', validators=[django.core.validators.MinValueValidator(0), django.core.validators.MaxValueValidator(1)], verbose_name='weight')),
                ('provenance', models.CharField(choices=[('declared', 'declared by the catalogue'), ('extracted', 'found in a text'), ('mined', 'learnt from behaviour'), ('imported', 'from a file'), ('curated', 'made by hand')], max_length=9, verbose_name='provenance')),
                ('state', models.CharField(choices=[('active', 'not reviewed'), ('confirmed', 'confirmed'), ('rejected', 'rejected')], default='active', max_length=9, verbose_name='state')),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='edges', to='shopreco.node', verbose_name='from')),
                ('target', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='incoming_edges', to='shopreco.node', verbose_name='to')),
                ('relation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='shopreco.relationtype', verbose_name='relation')),
            ],
            options={
                'verbose_name': 'edge',
                'verbose_name_plural': 'edges',
            },
        ),
        migrations.AddIndex(
            model_name='node',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('kind', 'item'), _negated=True), fields=['label'], name='shopreco_node_label', opclasses=['gin_trgm_ops']),
        ),
        migrations.AddConstraint(
            model_name='node',
            constraint=models.UniqueConstraint(fields=('catalogue', 'kind', 'key'), name='shopreco_node_key'),
        ),
        migrations.AddConstraint(
            model_name='node',
            constraint=models.UniqueConstraint(condition=models.Q(('item__isnull', False)), fields=('item',), name='shopreco_node_item'),
        ),
        migrations.AddIndex(
            model_name='edge',
            index=models.Index(fields=['target', 'relation'], name='shopreco_edge_target'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.UniqueConstraint(fields=('source', 'relation', 'target'), name='shopreco_edge_once'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gte', 0), ('weight__lte', 1)), name='shopreco_edge_weight'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.CheckConstraint(condition=models.Q(('source', models.F('target')), _negated=True), name='shopreco_edge_loop'),
        ),
    ]
