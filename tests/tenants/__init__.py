"""A platform of shops: each tenant a schema, by django-tenants and tenant-schemas-celery."""

from tests.tenants.celery import app as celery_app

__all__ = ["celery_app"]
