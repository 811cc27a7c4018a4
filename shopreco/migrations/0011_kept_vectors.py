from django.db import migrations, models


class Migration(migrations.Migration):
    """Constant defaults of the database's: no table is rewritten."""

    dependencies = [
        ('shopreco', '0010_marks'),
    ]

    operations = [
        migrations.AddField(
            model_name='indexrun',
            name='files',
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name='pictures and videos'),
        ),
        migrations.AddField(
            model_name='indexrun',
            name='unopened',
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name='of them not opened'),
        ),
        migrations.AddField(
            model_name='modalityvector',
            name='files',
            field=models.CharField(db_default='', help_text='Digests of the names of what it was made of.', max_length=79),
        ),
        migrations.AddField(
            model_name='modalityvector',
            name='kept',
            field=models.BooleanField(db_default=False, help_text='It stands in for files that cannot be read now.'),
        ),
    ]
