from __future__ import annotations

from typing import Any

ELSEWHERE = {"manual"}


class ShopRouter:
    """Keeps the manuals in the database `shop`, where shopreco has no tables."""

    def db_for_read(self, model: type, **hints: Any) -> str | None:
        return "shop" if self._is_elsewhere(model._meta.app_label, model._meta.model_name) else None

    db_for_write = db_for_read

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        if db not in {"default", "shop"}:
            return False
        if app_label == "testapp" and model_name is not None:
            return (db == "shop") == self._is_elsewhere(app_label, model_name)
        return None if db == "default" else False

    def _is_elsewhere(self, app_label: str, model_name: str | None) -> bool:
        return app_label == "testapp" and model_name in ELSEWHERE
