import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

PAGE = 5_000


def show_prices(apps, schema_editor):
    """Page by page, each in a transaction of its own: nobody waits for a whole table."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM shopreco_item")
        first, last = cursor.fetchone()
        while first is not None and first <= last:
            cursor.execute(
                """
                UPDATE shopreco_item i SET shown_price = s.price, shown_currency = s.currency
                FROM shopreco_item g CROSS JOIN LATERAL (
                    SELECT price, currency FROM shopreco_item m
                    WHERE m.catalogue = g.catalogue AND m.group_id = g.group_id
                      AND m.outcome = 'indexed' AND m.price IS NOT NULL
                    ORDER BY m.parent_id <> '', m.currency, m.price, m.id LIMIT 1
                ) AS s
                WHERE i.id = g.id AND g.id >= %s AND g.id < %s AND i.shown_price IS NULL
                """,
                [first, first + PAGE],
            )
            first += PAGE


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('shopreco', '0013_shown_and_visible'),
    ]

    operations = [
        migrations.RunPython(show_prices, migrations.RunPython.noop),
        AddIndexConcurrently(
            model_name='item',
            index=models.Index(models.F('catalogue'), models.OrderBy(models.F('shown_price'), nulls_last=True), models.F('id'), condition=models.Q(('outcome', 'indexed')), name='shopreco_item_cheapest'),
        ),
        AddIndexConcurrently(
            model_name='item',
            index=models.Index(models.F('catalogue'), models.OrderBy(models.F('shown_price'), descending=True, nulls_last=True), models.F('id'), condition=models.Q(('outcome', 'indexed')), name='shopreco_item_dearest'),
        ),
        AddIndexConcurrently(
            model_name='item',
            index=models.Index(models.F('catalogue'), models.OrderBy(models.F('added_at'), descending=True, nulls_last=True), models.OrderBy(models.ExpressionWrapper(models.Q(('parent_id', '')), output_field=models.BooleanField()), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('outcome', 'indexed')), name='shopreco_item_newest'),
        ),
        AddIndexConcurrently(
            model_name='item',
            index=models.Index(models.F('catalogue'), django.db.models.functions.text.Left('title', 200), models.F('id'), condition=models.Q(('outcome', 'indexed')), name='shopreco_item_alphabet'),
        ),
        AddIndexConcurrently(
            model_name='item',
            index=models.Index(condition=models.Q(('outcome', 'indexed'), ('price__isnull', False)), fields=['catalogue', 'currency'], name='shopreco_item_currency'),
        ),
    ]
