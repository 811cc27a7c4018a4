import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('shopreco', '0012_plain_users'),
    ]

    operations = [
        migrations.AddField(
            model_name='item',
            name='shown_currency',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=3),
        ),
        migrations.AddField(
            model_name='item',
            name='shown_price',
            field=models.DecimalField(blank=True, decimal_places=4, help_text='Of the product that stands for its variants: its own, else their lowest.', max_digits=16, null=True, verbose_name='price shown'),
        ),
        migrations.AddField(
            model_name='item',
            name='visibility_codes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, db_default=models.Value([]), editable=False, help_text='Who may see it, as numbers.', size=None),
        ),
        migrations.AddField(
            model_name='item',
            name='visible_from',
            field=models.DateTimeField(blank=True, null=True, verbose_name='visible from'),
        ),
        migrations.AddField(
            model_name='item',
            name='visible_until',
            field=models.DateTimeField(blank=True, null=True, verbose_name='visible until'),
        ),
    ]
