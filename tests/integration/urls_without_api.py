"""A host that uses the template tags without the API."""

urlpatterns: list[object] = []
