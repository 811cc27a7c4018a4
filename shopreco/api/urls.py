"""The API: `path("shopreco/", include("shopreco.api.urls"))`."""

from __future__ import annotations

from django.urls import path

from shopreco.api import events, health, views, visitors

app_name = "shopreco"

urlpatterns = [
    path("search/", views.SearchView.as_view(), name="search"),
    path("search/image", views.PhotoSearchView.as_view(), name="search-image"),
    path("autocomplete/", views.AutocompleteView.as_view(), name="autocomplete"),
    # A key may have slashes.
    path("similar/<path:object_id>/", views.SimilarView.as_view(), name="similar"),
    path("recommend/<slug:placement>/", views.RecommendView.as_view(), name="recommend"),
    path("blocks/<slug:placement>/", views.BlockView.as_view(), name="block"),
    path("events/", events.EventsView.as_view(), name="events"),
    path("visitors/me", visitors.VisitorView.as_view(), name="visitor"),
    path("visitors/me/data", visitors.VisitorDataView.as_view(), name="visitor-data"),
    path("visitors/merge", visitors.MergeView.as_view(), name="visitor-merge"),
    path("health/live", health.LiveView.as_view(), name="live"),
    path("health/ready", health.ReadyView.as_view(), name="ready"),
]
