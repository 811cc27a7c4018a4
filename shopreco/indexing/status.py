"""The status of a catalogue's index: counts, problems, and what to do about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shopreco.catalogues import Catalogue
from shopreco.conf import get_settings
from shopreco.db.routing import write_alias
from shopreco.encoders import EncoderError
from shopreco.exceptions import ConfigurationError
from shopreco.indexing import marks
from shopreco.models import EmbeddingSpace, Item, LexicalEntry, Outcome, Run, RunState
from shopreco.spaces import alignments, languages, serving, specification
from shopreco.spaces.indexes import space_bytes
from shopreco.spaces.sources import encoder_of


@dataclass(frozen=True, slots=True)
class CatalogueStatus:
    """The state of an index. Counts are items.

    problems: sentences that name the fix. notes: sentences that are good to know. alignment: how
    well the pictures of the active space were aligned: on how many `pairs`, and `R@10`, the share
    of held-out texts that find their picture among the first ten of `pool`. Empty where nothing
    had to be aligned.
    """

    catalogue: str
    items: int
    pending: int
    failed: int
    skipped: int
    space: EmbeddingSpace | None
    is_current: bool
    live_run: Run | None
    query_encoder_ready: bool
    index_bytes: int
    alignment: dict[str, float]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def catalogue_status(catalogue: Catalogue) -> CatalogueStatus:
    """The state of a catalogue: what is indexed, what waits, what is wrong and the fix."""
    database = write_alias()
    outcomes = outcome_counts(catalogue.name)
    pending = marks.pending(catalogue.name)
    runs = Run.objects.using(database).filter(catalogue=catalogue.name, subject=Run.INDEX)
    live = runs.filter(state__in=Run.LIVE).first()
    space = serving.active_space(catalogue.name)
    problems: list[str] = []
    notes: list[str] = []
    ready = current = False
    if space is None and live is not None:
        problems.append(_("Nothing is indexed yet: the first run is on."))
    elif space is None:
        problems.append(_("Nothing is indexed yet: re-index the catalogue (shopreco_reindex)."))
    else:
        try:
            current = specification.is_current(space, catalogue)
            if not current:
                problems.append(
                    _(
                        "Settings or declarations have changed since the index was built: rebuild "
                        "it (shopreco_reindex --rebuild)."
                    )
                )
        except (ConfigurationError, EncoderError) as error:
            problems.append(_("The configured encoder cannot be had: %s") % error)
        try:
            directory = get_settings().artefact_dir / space.encoder_fingerprint
            encoder_of(space).load_query_encoder(directory)
            ready = True
        except EncoderError as error:
            problems.append(
                _("Searches answer by words alone, without a query encoder: %s") % error
            )
        if left_out := space.statistics.left_out:
            notes.append(
                _(
                    "Pictures are left out: %(pairs)d products have a picture and a text, "
                    "%(needed)d are needed to align them. Rebuild when there are."
                )
                % asdict(left_out)
            )
        if foreign := languages.unread(space):
            notes.append(
                _(
                    "The language model does not read %s: texts in it are found by words, not by "
                    "meaning. Name a multilingual model in TEXT_ENCODER, and rebuild."
                )
                % ", ".join(foreign)
            )
    if live is not None and live.warning:
        problems.append(live.warning)
    if (last := runs.filter(state=RunState.DONE).first()) is not None and last.warning:
        problems.append(last.warning)
    unread = items_with_media_problems(catalogue.name).count()
    if unread:
        problems.append(
            ngettext(
                "%d product has a picture or video that cannot be read: see the admin, under "
                "Indexed products.",
                "%d products have pictures or videos that cannot be read: see the admin, under "
                "Indexed products.",
                unread,
            )
            % unread
        )
    failed = Item.objects.using(database).filter(catalogue=catalogue.name).failing().count()
    if failed:
        problems.append(
            ngettext(
                "%d product failed and is tried again: its reason is in the admin, under "
                "Indexed products.",
                "%d products failed and are tried again: their reasons are in the admin, under "
                "Indexed products.",
                failed,
            )
            % failed
        )
    if live is None and (last := runs.first()) is not None and last.state == RunState.FAILED:
        problems.append(_("The last run failed, resume it when its cause is gone: %s") % last.error)
    if pending and live is None:
        problems.append(
            ngettext(
                "%d change waits: is a Celery worker running, and beat?",
                "%d changes wait: is a Celery worker running, and beat?",
                pending,
            )
            % pending
        )
    return CatalogueStatus(
        catalogue=catalogue.name,
        items=outcomes.get(Outcome.INDEXED, 0),
        pending=pending,
        failed=failed,
        skipped=outcomes.get(Outcome.SKIPPED, 0),
        space=space,
        is_current=current,
        live_run=live,
        query_encoder_ready=ready,
        index_bytes=space_bytes(space) if space else 0,
        alignment=alignments.metrics(space) if space else {},
        problems=tuple(problems),
        notes=tuple(notes),
    )


def items_with_media_problems(catalogue: str) -> QuerySet[Item]:
    """Items with a picture or video that cannot be read."""
    items = Item.objects.using(write_alias()).filter(catalogue=catalogue)
    return items.exclude(media_problems={})


def outcome_counts(catalogue: str) -> dict[str, int]:
    """Items of a catalogue by `Outcome`; those that do not occur are left out."""
    items = Item.objects.using(write_alias()).filter(catalogue=catalogue)
    return dict(items.values_list("outcome").annotate(n=Count("id")).order_by())


@dataclass(frozen=True, slots=True)
class SpaceSize:
    """bytes: of the space's own indexes and of its share of the tables."""

    items: int
    bytes: int


def space_sizes(spaces: Sequence[EmbeddingSpace]) -> dict[int, SpaceSize]:
    """Items and bytes of spaces, by key."""
    entries = LexicalEntry.objects.using(write_alias()).filter(space__in=spaces)
    items = dict(entries.values_list("space").annotate(n=Count("item")).order_by())
    return {s.pk: SpaceSize(items.get(s.pk, 0), space_bytes(s)) for s in spaces}
