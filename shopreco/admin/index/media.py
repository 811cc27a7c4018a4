"""The pictures and videos of an item, each with its state."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from shopreco import services
from shopreco.admin.appearance import EMPTY, badge
from shopreco.catalogues import Catalogue, ItemDocument, get_catalogue
from shopreco.catalogues.media import medium_of
from shopreco.exceptions import ConfigurationError
from shopreco.fusion.weights import IMAGE, VIDEO
from shopreco.models import Item, ModalityVector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class File:
    """A picture or video of an object. `address`: empty where its storage names none."""

    name: str
    modality: str
    address: str
    state: SafeString
    reason: str = ""


def listed(item: Item) -> SafeString | str:
    """A table of the files that the object has in the shop now."""
    try:
        catalogue = get_catalogue(item.catalogue)
        obj = catalogue.get_queryset().filter(pk=catalogue.to_pk(item.object_id)).first()
        files = list(_files(catalogue, obj, item)) if obj is not None else []
    except ConfigurationError:
        return EMPTY
    except Exception as error:  # whatever the shop's code raises
        logger.exception("the files of %s %s cannot be listed", item.catalogue, item.object_id)
        return f"{type(error).__name__}: {error}"
    if not files:
        return EMPTY
    return SafeString(render_to_string("admin/shopreco/item/media.html", {"files": files}))


def _files(catalogue: Catalogue, obj: Any, item: Item) -> Iterator[File]:
    document = catalogue.document(obj)
    addresses = dict(_addresses(catalogue, obj))
    for modality, media in ((IMAGE, document.images), (VIDEO, document.videos)):
        used = services.used_media(document, modality)
        state = _state(item, document, modality) if media else badge("", "")
        problems = item.media_problems.get(modality) or {}
        for medium in media:
            address, problem = addresses.get(medium.name, ""), problems.get(medium.name, "")
            if medium not in used:
                unused = badge("skipped", _("not used, for there are others before it"))
                yield File(medium.name, modality, address, unused)
            elif problem:
                unread = badge("failed", _("cannot be read"))
                yield File(medium.name, modality, address, unread, problem)
            else:
                yield File(medium.name, modality, address, state)


def _state(item: Item, document: ItemDocument, modality: str) -> SafeString:
    """What holds for all files of a modality that can be read: they are encoded together."""
    space = services.active_space(item.catalogue)
    encoder = space.encoders.get(modality) if space else None
    if encoder is None:
        return badge("skipped", _("not used by the version that answers"))
    encoded = ModalityVector.objects.filter(
        item=item,
        modality=modality,
        encoder=encoder,
        content_hash=document.hashes()[modality],
        vector__isnull=False,
    )
    if encoded.exists():
        return badge("indexed", _("encoded"))
    return badge("pending", _("not encoded yet"))


def _addresses(catalogue: Catalogue, obj: Any) -> Iterator[tuple[str, str]]:
    for name, field in catalogue.fields.items():
        for value in catalogue.values(name, obj) if field.modality else ():
            if medium := medium_of(value):
                yield medium.name, _address(value)


def _address(value: Any) -> str:
    try:
        if isinstance(value, FieldFile):
            return str(value.url)
        # A path of the server's own is no name in a storage.
        return "" if Path(value).is_absolute() else str(default_storage.url(str(value)))
    except Exception as error:  # noqa: BLE001 (whatever the shop's storage raises)
        logger.info("%r has no address: %s", value, error)
        return ""
