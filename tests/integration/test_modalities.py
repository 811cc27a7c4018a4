"""Pictures and videos on their way into the index: encoded, aligned, fused, explained."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.test import Client
from django.urls import reverse
from PIL import Image

from shopreco import services
from shopreco.catalogues import get_catalogue
from shopreco.db.routing import write_alias
from shopreco.fusion import MIN_PAIRS, fuse
from shopreco.indexing import modality_vectors, reindex
from shopreco.models import (
    Embedding,
    LeftOut,
    LexiconTerm,
    ModalityVector,
    ModelVersion,
    Run,
)
from shopreco.models.lexicon import WORDLESS
from shopreco.queries import terms
from shopreco.retrieval import dense, hybrid
from shopreco.spaces import specification
from shopreco.spaces.vectors import aligned_vectors
from tests.helpers.index import active_space, drain, index, item_of
from tests.helpers.media import video
from tests.helpers.posters import COLOURS, POSTER, drawn, gallery, poster
from tests.testapp.encoders import TileEncoder
from tests.testapp.models import Picture, Poster

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "shop"]),
    pytest.mark.usefixtures("poster_media"),
]


def test_pictures_are_aligned_on_the_shops_own_pairs_and_fused() -> None:
    posters = gallery(MIN_PAIRS + 20)
    index(POSTER, rebuild=True)
    space = active_space(POSTER)
    version = ModelVersion.objects.get(catalogue=POSTER)
    assert space.specification["image"].alignment.fingerprint == version.fingerprint
    assert version.metrics["pairs"] == len(posters)
    assert space.weights == {"text": 1.0, "image": 0.5, "video": 0.25, "graph": 0.25}
    stored = np.asarray(Embedding.objects.get(item=item_of(posters[0])).vector, dtype=np.float32)
    matrices = aligned_vectors(space, [item_of(posters[0]).pk])
    assert stored == pytest.approx(fuse(matrices, space.weights)[0], abs=2e-3)
    text = matrices["text"][0]
    assert float(stored @ text) < 0.999, "the picture moved the vector"


def test_too_few_pairs_leave_pictures_out_and_say_so() -> None:
    gallery(5)
    index(POSTER, rebuild=True)
    space = active_space(POSTER)
    assert space.weights == {"text": 1.0, "graph": 0.25}
    assert space.statistics.left_out == LeftOut(pairs=5, needed=MIN_PAIRS)
    assert Embedding.objects.filter(space=space).count() == 5
    assert services.search("red poster", catalogue=POSTER).total


def test_nothing_is_encoded_again_when_a_weight_changes(settings: Any) -> None:
    posters = gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    encoded, before = TileEncoder.calls, active_space(POSTER)
    settings.SHOPRECO = {**settings.SHOPRECO, "MODALITY_WEIGHTS": {"IMAGE": 2.0}}
    run = index(POSTER, rebuild=True)
    assert (TileEncoder.calls, run.encoded) == (encoded, 0)
    after = active_space(POSTER)
    assert after.pk != before.pk
    assert after.specification["image"].alignment == before.specification["image"].alignment
    assert after.weights["image"] == 2.0
    assert Embedding.objects.filter(space=after).count() == len(posters)


def refit() -> Run:
    return services.run_inline(reindex.start(get_catalogue(POSTER), rebuild=True, refit=True))


def test_pictures_are_aligned_again_when_asked_and_nothing_is_encoded() -> None:
    posters = gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    before = active_space(POSTER)
    posters += gallery(20)
    drain(POSTER)
    encoded = TileEncoder.calls
    assert index(POSTER, rebuild=True).encoded == 0
    rebuilt = active_space(POSTER)
    assert rebuilt.alignments == before.alignments, "a rebuild alone keeps the alignment"

    assert refit().encoded == 0
    assert TileEncoder.calls == encoded
    after = active_space(POSTER)
    assert after.alignments.isdisjoint(before.alignments)
    assert after.fingerprint != before.fingerprint
    assert specification.is_current(after, get_catalogue(POSTER))
    assert Embedding.objects.filter(space=after).count() == len(posters)
    [status] = [each for each in services.status() if each.catalogue == POSTER]
    assert status.alignment["pairs"] == len(posters)
    assert 0 <= status.alignment["R@10"] <= 1
    old, new = ModelVersion.objects.filter(catalogue=POSTER).order_by("id")
    assert (old.metrics["pairs"], new.metrics["pairs"]) == (MIN_PAIRS, len(posters))


def test_the_same_pairs_give_the_same_alignment_and_fingerprint() -> None:
    gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    before = active_space(POSTER)
    refit()
    after = active_space(POSTER)
    assert after.pk != before.pk
    assert after.fingerprint == before.fingerprint
    assert after.specification == before.specification
    assert ModelVersion.objects.filter(catalogue=POSTER).count() == 1


def test_the_admin_offers_to_align_again(admin_client: Client) -> None:
    page = reverse("admin:shopreco_run_start", args=["rebuild", POSTER])
    assert 'name="refit"' not in admin_client.get(page).content.decode()
    gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    shown = admin_client.get(page)
    assert 'name="refit"' in shown.content.decode()
    assert f"on {MIN_PAIRS} pairs" in dict(shown.context["confirmation"].facts)["Pictures aligned"]
    page_of_space = reverse("admin:shopreco_embeddingspace_change", args=[active_space(POSTER).pk])
    assert f"on {MIN_PAIRS} pairs" in admin_client.get(page_of_space).content.decode()
    for ticked in ({}, {"refit": "on"}):
        admin_client.post(page, ticked)
        run = Run.objects.latest("id")
        assert run.space is not None
        assert run.space.awaits_alignment == bool(ticked)
        services.cancel(run)


def test_the_commands_align_again_and_say_how_well() -> None:
    with pytest.raises(CommandError, match="give --rebuild too"):
        call_command("shopreco_reindex", POSTER, "--refit")
    gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    gallery(10)
    call_command("shopreco_reindex", POSTER, "--rebuild", "--refit", "--json", stdout=StringIO())
    printed = StringIO()
    with pytest.raises(SystemExit):  # the other catalogues have no index, which needs attention
        call_command("shopreco_status", stdout=printed)
    assert (
        f"pictures aligned on {MIN_PAIRS + 10} pairs of {MIN_PAIRS + 10} products"
        in printed.getvalue()
    )


def test_a_roll_back_rolls_back_the_alignment() -> None:
    gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    before = active_space(POSTER)
    gallery(20)
    drain(POSTER)
    refit()
    services.run_inline(services.activate(before))
    current = specification.is_current(active_space(POSTER), get_catalogue(POSTER))
    assert current, "nobody is told to rebuild"
    index(POSTER, rebuild=True)
    assert active_space(POSTER).alignments == before.alignments


def test_a_run_that_dies_while_it_fuses_is_taken_up_there() -> None:
    posters = gallery(MIN_PAIRS)
    with connections[write_alias()].cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON shopreco_embedding EXECUTE FUNCTION refuse()"
        )
        try:
            with pytest.raises(DatabaseError, match="the disk is full"):
                index(POSTER, rebuild=True)
        finally:
            cursor.execute("DROP FUNCTION refuse CASCADE")
    run = Run.objects.latest("id")
    assert run.state == "failed"
    assert run.space is not None
    assert run.space.alignments, "it died after its pictures were aligned"
    assert services.run_inline(services.resume(run)).state == "done"
    assert Embedding.objects.filter(space=active_space(POSTER)).count() == len(posters)
    assert specification.is_current(active_space(POSTER), get_catalogue(POSTER))


def test_a_new_picture_is_encoded_and_nothing_else() -> None:
    posters = gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    before = Embedding.objects.get(item=item_of(posters[3])).content_hash
    encoded = TileEncoder.calls
    Picture.objects.create(poster=posters[3], file=drawn((250, 220, 10)))
    posters[3].save()
    drain(POSTER)
    assert TileEncoder.calls - encoded == 1, "not its other one, which is known, and nobody else's"
    assert Embedding.objects.get(item=item_of(posters[3])).content_hash != before


def test_a_product_without_pictures_is_made_of_its_text_alone() -> None:
    gallery(MIN_PAIRS)
    plain = poster("red poster without a picture")
    index(POSTER, rebuild=True)
    space = active_space(POSTER)
    matrices = aligned_vectors(space, [item_of(plain).pk])
    assert np.isnan(matrices["image"]).all()
    stored = np.asarray(Embedding.objects.get(item=item_of(plain)).vector, dtype=np.float32)
    assert stored == pytest.approx(matrices["text"][0], abs=2e-3)


def test_a_product_without_words_is_made_of_its_picture_alone() -> None:
    gallery(MIN_PAIRS)
    silent = poster("", drawn(COLOURS["red"]))
    index(POSTER, rebuild=True)
    matrices = aligned_vectors(active_space(POSTER), [item_of(silent).pk])
    assert np.isnan(matrices["text"]).all()
    stored = np.asarray(Embedding.objects.get(item=item_of(silent)).vector, dtype=np.float32)
    assert stored == pytest.approx(matrices["image"][0], abs=2e-3)


def test_where_some_have_no_words_more_of_what_is_near_is_looked_at() -> None:
    """Nothing else finds them; a rebuild tells those that are there, a save one that is new."""

    def wordless() -> int:
        counted = LexiconTerm.objects.filter(space=active_space(POSTER), term_id=WORDLESS)
        return sum(counted.values_list("document_frequency", flat=True))

    gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    assert wordless() == 0
    assert hybrid.depth(active_space(POSTER)) == dense.NEIGHBOURS
    silent = poster("", drawn(COLOURS["red"]))
    drain(POSTER)
    assert wordless() == 1
    terms.FREQUENCIES.load(active_space(POSTER))
    assert hybrid.depth(active_space(POSTER)) == hybrid.WORDLESS_NEIGHBOURS
    index(POSTER, rebuild=True)
    assert wordless() == 1
    silent.title = "red poster of a bridge"
    silent.save()
    drain(POSTER)
    assert wordless() == 0


def test_bad_pictures_are_named_with_a_reason_and_stop_nothing() -> None:
    gallery(MIN_PAIRS)
    broken = poster("blue poster", ContentFile(b"\x89PNG not at all", name="broken.png"))
    half = poster("green poster", ContentFile(b"", name="empty.png"), drawn(COLOURS["green"]))
    gone = poster("grey poster", drawn(COLOURS["grey"]))
    Path(gone.pictures.get().file.path).unlink()
    index(POSTER, rebuild=True)
    for each, name in ((broken, "broken"), (half, "empty"), (gone, "picture")):
        [(file, reason)] = item_of(each).media_problems["image"].items()
        assert name in file
        assert reason.endswith(".") or "No such file" in reason
        assert item_of(each).outcome == "indexed"
    vectors = ModalityVector.objects.filter(modality="image")
    assert vectors.get(item=item_of(broken)).vector is None
    assert vectors.get(item=item_of(half)).vector is not None, "its second picture counts"
    broken.pictures.all().delete()
    Picture.objects.create(poster=broken, file=drawn(COLOURS["blue"]))
    broken.save()
    drain(POSTER)
    assert item_of(broken).media_problems == {}


def test_a_storage_that_was_away_is_asked_again_by_the_next_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posters = gallery(MIN_PAIRS + 1)
    name, give = posters[0].pictures.get().file.name, FileSystemStorage._open

    def fail_once(storage: FileSystemStorage, asked: str, mode: str = "rb") -> Any:
        if asked == name:
            raise OSError("the bucket does not answer")
        return give(storage, asked, mode)

    with monkeypatch.context() as outage:
        outage.setattr(FileSystemStorage, "_open", fail_once)
        index(POSTER, rebuild=True)
    assert "does not answer" in str(item_of(posters[0]).media_problems)
    # As in another worker: others have the same picture, and it is encoded once.
    modality_vectors._pictures.forget(lambda _key: True)
    encoded = TileEncoder.calls
    services.run_inline(reindex.start(get_catalogue(POSTER)))
    assert TileEncoder.calls - encoded == 1, "that picture, and no other"
    assert item_of(posters[0]).media_problems == {}
    services.run_inline(reindex.start(get_catalogue(POSTER)))
    assert TileEncoder.calls - encoded == 1


def test_contributions_sum_to_the_score() -> None:
    gallery(MIN_PAIRS)
    index(POSTER, rebuild=True)
    page = services.search("red poster", catalogue=POSTER, explain=True)
    assert page.degraded == {}
    for result in page:
        assert {"text", "image", "lexical"} <= result.contributions.keys() | {"lexical"}
        assert sum(result.contributions.values()) == pytest.approx(result.score, abs=1e-4)


def test_the_frames_of_a_video_are_part_of_a_product() -> None:
    gallery(MIN_PAIRS)
    shown = Poster.objects.create(title="poster with a clip")
    clip = video([(Image.new("RGB", (64, 64), COLOURS[name]), 20) for name in ("red", "blue")])
    shown.clip.save("clip.mp4", ContentFile(clip))
    broken = Poster.objects.create(title="poster with half a clip")
    broken.clip.save("half.mp4", ContentFile(clip[: len(clip) // 3]))
    index(POSTER, rebuild=True)
    space = active_space(POSTER)
    matrices = aligned_vectors(space, [item_of(shown).pk, item_of(broken).pk])
    assert np.isnan(matrices["image"]).all()
    assert not np.isnan(matrices["video"][0]).any()
    assert item_of(shown).media_problems == {}
    reasons = item_of(broken).media_problems.get("video")
    assert reasons or not np.isnan(matrices["video"][1]).any(), "damaged: read in part, or named"


def test_what_looks_alike_is_found_by_its_pictures() -> None:
    gallery(MIN_PAIRS)
    odd = poster("a completely different name", drawn(COLOURS["red"]))
    index(POSTER, rebuild=True)
    page = services.recommend("product-looking-similar", seed=odd, limit=5)
    assert page.degraded == {}
    assert {result.object.title.split()[0] for result in page} == {"red"}
    assert page.results[0].parts["looks"] == pytest.approx(1, abs=1e-3)
    plain = poster("no picture at all")
    drain(POSTER)
    assert services.recommend("product-looking-similar", seed=plain).results == ()
