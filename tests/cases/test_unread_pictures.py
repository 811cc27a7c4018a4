"""Pictures that cannot be read now: the storage is away, a file is damaged, the decoder is missing.

What is known of them stays, what is not their fault is tried again, and texts do not wait for it.
"""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from shopreco import services
from shopreco.checks import check_decoder
from shopreco.fusion import MIN_PAIRS
from shopreco.indexing import modality_vectors
from shopreco.media import Decoder, child
from shopreco.models import ModalityVector, Run
from tests.helpers.index import drain, index, item_of
from tests.helpers.media import drawing, encoded, main_colour, video
from tests.testapp.encoders import TileEncoder
from tests.testapp.models import Picture, Poster

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "shop"])

POSTER = "testapp.poster"
RED, BLUE = (200, 30, 30), (40, 60, 200)


def new_decoder() -> None:
    """As in another worker, which has read nothing yet."""
    modality_vectors._decoder().close()
    modality_vectors._pictures.forget(lambda _key: True)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    modality_vectors._decoder.cache_clear()
    return tmp_path / "media"


def drawn(colour: tuple[int, int, int], name: str = "picture.png") -> ContentFile[bytes]:
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(stream, "PNG")
    return ContentFile(stream.getvalue(), name=name)


def poster(title: str, colour: tuple[int, int, int] = RED) -> Poster:
    made = Poster.objects.create(title=title)
    Picture.objects.create(poster=made, file=drawn(colour))
    return made


def gallery() -> list[Poster]:
    return [poster(f"poster number {n}", (n, 255 - n, n * 37 % 255)) for n in range(MIN_PAIRS)]


def problems(obj: Poster) -> str:
    return " ".join(item_of(obj).media_problems.get("image", {}).values())


def vector(obj: Poster) -> list[float] | None:
    return ModalityVector.objects.get(item=item_of(obj), modality="image").vector


def all_vectors() -> dict[int, list[float]]:
    rows = ModalityVector.objects.filter(modality="image", vector__isnull=False)
    return {row.item_id: row.vector for row in rows}


def saved(obj: Poster) -> None:
    obj.save()
    drain(POSTER)


def problems_of_the_catalogue() -> str:
    [status] = [each for each in services.status() if each.catalogue == POSTER]
    return " ".join(status.problems)


# The storage


def test_a_storage_that_is_away_for_one_run_takes_no_picture_away(
    media: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    posters = gallery()
    index(POSTER)
    before, encoded_before = all_vectors(), TileEncoder.calls
    assert len(before) == len(posters)

    media.rename(tmp_path / "away")
    run = index(POSTER)

    assert all_vectors() == before
    assert (run.state, run.encoded, run.failed) == ("done", 0, 0)
    assert (run.files, run.unopened) == (len(posters), len(posters))
    sentence = f"could not be opened ({len(posters)} of {len(posters)}): is their storage mounted"
    assert sentence in run.warning
    assert sentence in problems_of_the_catalogue()
    assert sentence in caplog.text
    assert "cannot be opened" in problems(posters[0])
    assert services.recommend("product-looking-similar", seed=posters[0]).results

    (tmp_path / "away").rename(media)
    run = index(POSTER)

    assert TileEncoder.calls == encoded_before, "the files are the same: nothing is encoded again"
    assert (run.encoded, run.warning) == (0, "")
    assert (all_vectors(), problems(posters[0])) == (before, "")
    assert not ModalityVector.objects.filter(kept=True).exists()


def test_one_file_that_is_gone_is_no_storage_that_is_away() -> None:
    posters = gallery()
    index(POSTER)
    Path(posters[0].pictures.get().file.path).unlink()

    run = index(POSTER)

    assert (run.files, run.unopened, run.warning) == (len(posters), 1, "")


def test_a_vector_goes_with_the_file_that_the_object_no_longer_names() -> None:
    posters = gallery()
    index(POSTER)
    named, renamed, bare = posters[:3]
    old = vector(named)

    # Damaged under its own name: what is known of it stays, and the reason is noted.
    Path(named.pictures.get().file.path).write_bytes(b"\x89PNG, and then half of an upload")
    saved(named)
    assert vector(named) == old
    assert "damaged" in problems(named)
    # And is replaced as soon as the file can be read.
    Path(named.pictures.get().file.path).write_bytes(drawn(BLUE).read())
    saved(named)
    assert vector(named) != old
    assert problems(named) == ""

    # Another file in its place: the old one says nothing of it.
    renamed.pictures.all().delete()
    Picture.objects.create(poster=renamed, file=ContentFile(b"\x89PNG, broken", name="new.png"))
    saved(renamed)
    assert vector(renamed) is None
    assert "damaged" in problems(renamed)

    bare.pictures.all().delete()
    saved(bare)
    assert not ModalityVector.objects.filter(item=item_of(bare), modality="image").exists()


def test_a_text_that_changes_while_the_storage_is_away_is_indexed(
    media: Path, tmp_path: Path
) -> None:
    posters = gallery()
    index(POSTER)
    old = vector(posters[0])
    media.rename(tmp_path / "away")

    posters[0].title = "a zeppelin above the harbour"
    saved(posters[0])

    assert vector(posters[0]) == old
    page = services.search("zeppelin", catalogue=POSTER)
    assert page.results[0].object == posters[0]


# Two pictures of one name


def test_two_paths_that_end_in_the_same_name_are_two_pictures(tmp_path: Path) -> None:
    from shopreco.catalogues.media import media_of

    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.jpg").write_bytes(folder.encode())
    one, other = str(tmp_path / "a" / "1.jpg"), str(tmp_path / "b" / "1.jpg")

    media = media_of([one, other, one])

    assert [medium.name for medium in media] == [one, other]
    assert [medium.read(9) for medium in media] == [b"a", b"b"]


def test_two_storages_that_know_the_same_name_have_two_pictures() -> None:
    from django.core.files.storage import InMemoryStorage
    from django.db.models.fields.files import FieldFile

    from shopreco.catalogues.media import media_of

    field = Picture._meta.get_field("file")
    values = []
    for content in (b"a", b"b"):
        value = FieldFile(Picture(), field, "1.jpg")
        value.storage = InMemoryStorage()
        value.storage.save("1.jpg", ContentFile(content))
        values.append(value)

    assert [medium.read(9) for medium in media_of(values)] == [b"a", b"b"]


# The decoder


def stub(path: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that cannot be imported, here and in the processes that we start."""
    path.mkdir(exist_ok=True)
    error = f'raise ModuleNotFoundError("No module named {module!r}")'
    (path / f"{module}.py").write_text(error)
    monkeypatch.setattr(sys, "path", [str(path), *sys.path])
    monkeypatch.delitem(sys.modules, module, raising=False)


def test_where_nothing_confines_the_decoder_it_decodes_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on Windows, where there is no module `resource`."""
    assert check_decoder(None) == []
    stub(tmp_path / "stubs", "resource", monkeypatch)
    child._warn_once.cache_clear()

    with caplog.at_level(logging.WARNING, "shopreco.media"):
        for _ in range(2):
            with Decoder() as decoder:
                assert main_colour(decoder.picture(encoded(drawing(), "PNG"))) == "red"
                assert len(decoder.frames(video([(drawing(), 5)]))) == 1

    assert caplog.text.count("cannot confine") == 1
    [warning] = check_decoder(None)
    assert (warning.id, "cannot confine" in warning.msg) == ("shopreco.W020", True)
    child._warn_once.cache_clear()


def test_a_decoder_that_does_not_start_keeps_no_text_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posters = gallery()
    index(POSTER)
    seen = poster("a yacht at the quay", BLUE)
    with monkeypatch.context() as without:
        stub(tmp_path / "stubs", "av", without)
        new_decoder()
        saved(seen)
        posters[0].pictures.all().delete()
        Picture.objects.create(poster=posters[0], file=drawn(BLUE, "another.png"))
        saved(posters[0])

        assert item_of(seen).outcome == "indexed"
        assert "shopreco[worker]" in problems(seen)
        assert services.search("yacht", catalogue=POSTER).results[0].object == seen
        assert vector(seen) is None
        new_decoder()

    run = index(POSTER)
    assert (run.encoded, run.state) == (2, "done"), "they are tried again by the next pass"
    assert vector(seen) is not None
    assert problems(seen) == ""


def test_a_first_run_without_a_decoder_indexes_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    posters = [poster(f"zeppelin number {n}") for n in range(3)]
    stub(tmp_path / "stubs", "av", monkeypatch)
    new_decoder()

    run: Run = index(POSTER)

    assert (run.state, run.failed) == ("done", 0)
    assert run.warning
    assert services.search("zeppelin", catalogue=POSTER).total == len(posters)
    new_decoder()


# Whose fault


def test_an_error_of_our_own_call_is_not_the_files_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As when a release of a library no longer knows an argument."""
    posters = gallery()
    index(POSTER)
    old = vector(posters[0])
    (tmp_path / "sitecustomize.py").write_text(
        "import PIL.Image\ndef thumbnail(self, size): pass\nPIL.Image.Image.thumbnail = thumbnail\n"
    )
    with monkeypatch.context() as newer:
        newer.syspath_prepend(str(tmp_path))
        new_decoder()
        Path(posters[0].pictures.get().file.path).write_bytes(drawn(BLUE).read())
        saved(posters[0])
        new_decoder()

    assert "no fault of its own: TypeError" in problems(posters[0])
    assert "was not decoded" in caplog.text
    assert "thumbnail() takes 2 positional arguments" in caplog.text, "with the line that is wrong"
    assert vector(posters[0]) == old
    saved(posters[0])
    assert problems(posters[0]) == ""
    assert vector(posters[0]) != old
