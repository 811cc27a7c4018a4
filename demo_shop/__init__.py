"""The demo shop: a host of shopreco like any other."""

from demo_shop.celery import app as celery_app

__all__ = ["celery_app"]
