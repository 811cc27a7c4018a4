"""A photo that is too large is refused before it has arrived, and never reaches a disk."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files import uploadedfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, FakePayload, encode_multipart
from django.urls import reverse

from tests.helpers.demo import unthrottled
from tests.helpers.index import GADGET

pytestmark = pytest.mark.django_db

MEBIBYTE = 2**20


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("something is written to a disk")

    monkeypatch.setattr(uploadedfile.TemporaryUploadedFile, "__init__", refuse)


class Body(FakePayload):
    """Counts what is read of it."""

    taken = 0

    def read(self, *args: Any, **kwargs: Any) -> bytes:
        data = super().read(*args, **kwargs)
        self.taken += len(data)
        return data


def post(size: int, length: int | None = None, client: Client | None = None) -> tuple[Any, int]:
    photo = SimpleUploadedFile("x.jpg", b"\xff" * size, "image/jpeg")
    data = encode_multipart(BOUNDARY, {"image": photo, "catalogue": GADGET})
    body = Body(data)
    with unthrottled():
        answer = (client or Client()).generic(
            "POST",
            reverse("shopreco:search-image"),
            **{
                "wsgi.input": body,
                "CONTENT_TYPE": MULTIPART_CONTENT,
                "CONTENT_LENGTH": str(length or len(data)),
            },
        )
    return answer, body.taken


def assert_refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (400, "photo_rejected")
    assert "more than the" in answer.json()["detail"]


def test_a_large_photo_is_refused_by_its_announced_size() -> None:
    answer, taken = post(120 * MEBIBYTE)
    assert_refused(answer)
    assert taken == 0


def test_one_that_is_a_little_too_large_is_refused_while_it_arrives() -> None:
    answer, taken = post(9 * MEBIBYTE)
    assert_refused(answer)
    assert taken <= 9 * MEBIBYTE


def test_what_is_allowed_is_kept_in_memory() -> None:
    answer, _taken = post(7 * MEBIBYTE)
    assert answer.status_code == 200
    assert answer.json()["degraded"] == ["index"]


def test_a_user_is_not_asked_for_a_token_of_a_body_that_is_too_large() -> None:
    """The session's check for CSRF reads the body before the view does."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.create(username="ada"))
    client.cookies["csrftoken"] = "a" * 32
    answer, taken = post(120 * MEBIBYTE, client=client)
    assert_refused(answer)
    assert taken == 0
    answer, _taken = post(1000, client=client)
    assert answer.status_code == 403


def test_a_body_that_somebody_read_before_is_checked_all_the_same() -> None:
    from django.test import RequestFactory

    from shopreco.api.views import PhotoSearchView

    photo = SimpleUploadedFile("x.jpg", b"\xff" * 2 * MEBIBYTE, "image/jpeg")
    request = RequestFactory().post("/", {"image": photo, "catalogue": GADGET})
    assert request.FILES
    with unthrottled():
        assert PhotoSearchView.as_view()(request).status_code == 200
