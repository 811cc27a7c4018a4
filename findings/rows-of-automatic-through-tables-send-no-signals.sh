#!/usr/bin/env bash
# Django 5.2.19.
#
# A many-to-many field without `through` has a model for the table between, which inlines of the admin
# and any code may save and delete row by row. Signals of models are sent for every other model, of
# its rows Django sends neither `pre_save`, `post_save` nor `post_delete`, nor `m2m_changed`, though
# receivers connect without complaint: whoever keeps an index or a cache by signals misses these rows.
# The same rows of an explicit `through` send all three.
#
# Seen:  automatic: []
#        explicit: ['pre_save', 'post_save', 'post_delete']
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m venv venv
venv/bin/pip install -q Django==5.2.19
cat >finding.py <<'PYTHON'
import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()
from django.db import connection, models
from django.db.models import signals


class Tag(models.Model):
    class Meta:
        app_label = "shop"


class Product(models.Model):
    automatic = models.ManyToManyField(Tag, related_name="+")
    explicit = models.ManyToManyField(Tag, through="Line", related_name="+")

    class Meta:
        app_label = "shop"


class Line(models.Model):
    product = models.ForeignKey(Product, models.CASCADE)
    tag = models.ForeignKey(Tag, models.CASCADE)

    class Meta:
        app_label = "shop"


with connection.schema_editor() as editor:
    for model in (Tag, Product, Line):
        editor.create_model(model)
product, tag = Product.objects.create(), Tag.objects.create()
for name in ("automatic", "explicit"):
    between = getattr(Product, name).through
    heard = []
    for signal in ("pre_save", "post_save", "post_delete", "m2m_changed"):
        def receive(signal_name=signal, **kwargs):
            heard.append(signal_name)
        getattr(signals, signal).connect(receive, sender=between, weak=False)
    row = between.objects.create(product=product, tag=tag)
    row.delete()
    print(f"{name}: {heard}")
PYTHON
venv/bin/python finding.py | tee seen
diff seen - <<'SEEN'
automatic: []
explicit: ['pre_save', 'post_save', 'post_delete']
SEEN
