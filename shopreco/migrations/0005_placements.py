from django.db import migrations, models


# As `DEFAULT_PLACEMENTS` of `shopreco.models.placements`, beyond those of `0001_initial`.
PLACEMENTS = [
    {'name': 'product-bought-together', 'sources': ['bought-together'], 'excluded': ['replacements']},
    {'name': 'product-also-viewed', 'sources': ['also-viewed']},
    {
        'name': 'cart-cross-sell',
        'sources': ['bought-together', 'complements', 'accessories'],
        'excluded': ['replacements'],
        'anchors': 'cart',
        'hides_owned': True,
    },
    {
        'name': 'home-for-you',
        'sources': ['also-viewed', 'dense'],
        'fallback': ['popular', 'newest'],
        'anchors': 'history',
        'hides_owned': True,
        'diversity': 0.3,
    },
    {'name': 'home-recently-viewed', 'sources': ['history'], 'anchors': 'history'},
    {'name': 'home-trending', 'sources': ['trending', 'popular'], 'anchors': 'nothing'},
    {'name': 'home-new', 'sources': ['newest'], 'anchors': 'nothing'},
    {'name': 'order-buy-again', 'sources': ['history'], 'anchors': 'purchases'},
    {'name': 'search-zero-results', 'sources': ['popular', 'newest'], 'anchors': 'nothing'},
    {'name': 'content-related', 'sources': ['dense'], 'fallback': ['newest'], 'anchors': 'history'},
]


def add_further_placements(apps, schema_editor):
    rows = apps.get_model('shopreco', 'Placement').objects.using(schema_editor.connection.alias)
    known = set(rows.values_list('name', flat=True))
    rows.bulk_create(rows.model(**each) for each in PLACEMENTS if each['name'] not in known)


class Migration(migrations.Migration):

    dependencies = [
        ('shopreco', '0004_mining'),
    ]

    operations = [
        migrations.AddField(
            model_name='placement',
            name='anchors',
            field=models.CharField(choices=[('product', 'the product of the page'), ('cart', 'what is in the cart'), ('history', 'what the visitor did last'), ('purchases', 'what the visitor has bought'), ('nothing', 'nothing: it is the same for all')], db_default='product', default='product', help_text='Unless the page says it: a product, or several.', max_length=10, verbose_name='is about'),
        ),
        migrations.AddField(
            model_name='placement',
            name='hides_owned',
            field=models.BooleanField(db_default=False, default=False, help_text="Leave out what is in the visitor's cart, and what the visitor has bought.", verbose_name='without what the visitor has'),
        ),
        migrations.AddField(
            model_name='placement',
            name='title_zh',
            field=models.CharField(blank=True, db_default='', max_length=200, verbose_name='title in Chinese'),
        ),
        migrations.RunPython(add_further_placements, migrations.RunPython.noop, elidable=False),
    ]
