"""The demo shop: a Django shop that uses shopreco, as yours would."""

from demo_shop.celery import app as celery_app

__all__ = ["celery_app"]
