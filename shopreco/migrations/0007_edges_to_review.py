from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('shopreco', '0006_node_vectors'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='edge',
            index=models.Index(condition=models.Q(('provenance', 'extracted'), ('state', 'active')), fields=['-weight', '-id'], name='shopreco_edge_review'),
        ),
    ]
