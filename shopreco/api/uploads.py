"""Uploads that stop at their limit: nothing large is kept, and nothing is written to a disk."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from shopreco.conf import get_settings
from shopreco.services import photo_too_large

FORM_BYTES = 2_621_440
"""Of the fields beside the photo, where the host sets no limit: Django's own."""


class PhotoUploadHandler(FileUploadHandler):
    """Keeps files in memory, `PHOTO_MAX_BYTES` of them in all.

    Raises:
        PhotoRejected: there are more, or will be by `Content-Length`; the rest is not read.
    """

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._left = get_settings().PHOTO_MAX_BYTES
        self._file = BytesIO()

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],  # noqa: N803 (Django's signature)
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        form = getattr(settings, "DATA_UPLOAD_MAX_MEMORY_SIZE", None) or FORM_BYTES
        if content_length > self._left + form:
            raise photo_too_large(content_length)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._left -= len(raw_data)
        if self._left < 0:
            raise photo_too_large(max(start + len(raw_data), get_settings().PHOTO_MAX_BYTES + 1))
        self._file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self._file.seek(0)
        return InMemoryUploadedFile(
            self._file,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )


def stop_at_limit(request: HttpRequest) -> None:
    """Have a request's upload stop at its limit, if nobody has read it yet.

    Call it before anything asks for `request.POST`, as Django's CSRF middleware does.
    """
    with suppress(AttributeError):  # it is too late
        request.upload_handlers = [PhotoUploadHandler(request)]
