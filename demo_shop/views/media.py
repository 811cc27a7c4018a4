from __future__ import annotations

import re

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve

MAX_PART = 1_000_000
"""Bytes of a file that are sent at once to a player that asks for a part of it."""


@require_safe
def media(request: HttpRequest, path: str, document_root: str) -> HttpResponseBase:
    """Serve uploaded files, cached for ever: a new file has a new name."""
    response = serve(request, path, document_root=document_root)
    if isinstance(response, FileResponse):
        asked = re.fullmatch(r"bytes=(\d{1,15})-(\d{0,15})", request.headers.get("Range", ""))
        if asked:
            response = _part(response, int(asked[1]), asked[2])
        patch_cache_control(response, public=True, max_age=604_800, immutable=True)
        response["X-Content-Type-Options"] = "nosniff"
        response["Accept-Ranges"] = "bytes"
    return response


def _part(whole: FileResponse, start: int, end: str) -> HttpResponse:
    """Answer a range request, with which players jump; some play nothing without it."""
    size = int(whole["Content-Length"])
    last = min(int(end or size), size - 1, start + MAX_PART - 1)
    if start > last:
        whole.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with whole.file_to_stream as file:
        file.seek(start)
        part = file.read(last - start + 1)
    return HttpResponse(
        part,
        status=206,
        content_type=whole["Content-Type"],
        headers={"Content-Range": f"bytes {start}-{last}/{size}"},
    )
