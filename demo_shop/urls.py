from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from demo_shop import views

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("search/photo/", views.photo, name="photo"),
    path("c/<path:slug_path>/", views.category, name="category"),
    path("p/<str:slug>/", views.product, name="product"),
    path("cart/", views.cart, name="cart"),
    path("cart/add/", views.add_to_cart, name="cart-add"),
    path("cart/change/", views.change_cart, name="cart-change"),
    path("cart/check-out/", views.check_out, name="check-out"),
    path("thanks/<str:number>/", views.thanks, name="thanks"),
    path("your-data/", views.your_data, name="your-data"),
    path("your-data/export/", views.export_data, name="your-data-export"),
    path("your-data/ranking/", views.switch_ranking, name="your-data-ranking"),
    path("your-data/erase/", views.erase_data, name="your-data-erase"),
    path("consent/", views.consent, name="consent"),
    path("language/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
    path("shopreco/", include("shopreco.api.urls")),
    # What browsers ask for beside pages that name no icon, as those of the admin.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}demo_shop/favicon.svg")),
    # A demo on one machine has no web server in front that could serve the pictures.
    re_path(
        rf"^{settings.MEDIA_URL.lstrip('/')}(?P<path>.+)$",
        views.media,
        {"document_root": settings.MEDIA_ROOT},
    ),
]
