"""What worker and decoder process say to each other, and what they do not believe."""

from __future__ import annotations

import io

import pytest

from shopreco.media import Limits
from shopreco.media.process import serve
from shopreco.media.protocol import (
    FRAMES,
    IMAGES,
    PICTURE,
    REJECTED,
    Message,
    images_message,
    read_images,
    read_message,
    write_message,
)
from tests.helpers.media import BLUE, RED, drawing, encoded, video


def test_requests_are_answered_in_turn_until_there_are_none() -> None:
    requests, answers = io.BytesIO(), io.BytesIO()
    write_message(requests, Message(PICTURE, encoded(drawing(RED), "PNG")))
    write_message(requests, Message(PICTURE, b"nonsense"))
    write_message(requests, Message(FRAMES, video([(drawing(BLUE), 3)])))
    write_message(requests, Message("unheard of", b""))
    for stream in (requests, answers):
        stream.seek(0)

    serve(requests, answers, Limits())

    answers.seek(0)
    said = [read_message(answers, 2**20) for _ in range(4)]
    assert [message.kind for message in said] == [IMAGES, REJECTED, IMAGES, REJECTED]
    assert all(message.text for message in said if message.kind == REJECTED)
    with pytest.raises(EOFError):
        read_message(answers, 2**20)


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x04null",
        b"\x00\x00\x00\x02\xff\xfe",
        b'\x00\x00\x00\x3a{"kind": "images", "text": "", "sizes": [[1]], "bytes": 3}',
        b'\x00\x00\x00\x3a{"kind": "images", "text": "", "sizes": [], "bytes": 9999}',
        b'\x00\x00\x00\x38{"kind": "images", "text": "", "sizes": [], "bytes": -1}',
    ],
)
def test_what_is_no_message_is_not_believed(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the words are for nobody)
        read_message(io.BytesIO(said), longest_payload=1000)


@pytest.mark.parametrize(
    "answer",
    [
        Message(IMAGES),
        Message(REJECTED, bytes(3), sizes=((1, 1),)),
        Message(IMAGES, bytes(6), sizes=((1, 1),)),
        Message(IMAGES, bytes(3 * 513), sizes=((513, 1),)),
        Message(IMAGES, bytes(3), sizes=((-1, -1),)),
        Message(IMAGES, bytes(0), sizes=((0, 10),)),
        Message(IMAGES, bytes(27), sizes=((1, 1),) * 9),
    ],
)
def test_images_that_were_not_asked_for_are_not_believed(answer: Message) -> None:
    with pytest.raises(ValueError, match="other"):
        read_images(answer, Limits())


def test_images_survive_the_pipe() -> None:
    images = [drawing(RED, (7, 5)), drawing(BLUE, (2, 512))]
    pipe = io.BytesIO()
    write_message(pipe, images_message(images))
    pipe.seek(0)

    read = read_images(read_message(pipe, 10_000), Limits())

    assert [image.tobytes() for image in read] == [image.tobytes() for image in images]
    assert [pixels.shape for pixels in read] == [(5, 7, 3), (512, 2, 3)]
