from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve


@require_safe
def media(request: HttpRequest, path: str, document_root: str) -> HttpResponseBase:
    """Uploaded pictures, kept by browsers: a new picture has a new name."""
    response = serve(request, path, document_root=document_root)
    if isinstance(response, FileResponse):
        patch_cache_control(response, public=True, max_age=604_800, immutable=True)
        response["X-Content-Type-Options"] = "nosniff"
    return response
