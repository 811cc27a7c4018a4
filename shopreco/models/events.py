"""Events: what visitors do. The names are those of Google Analytics 4."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class EventName(models.TextChoices):
    """The events that statistics and profiles understand. Others are kept, and named as unknown."""

    VIEW_ITEM = "view_item", _("product viewed")
    VIEW_ITEM_LIST = "view_item_list", _("results seen")
    SELECT_ITEM = "select_item", _("result chosen")
    VIEW_RECOMMENDATION = "view_recommendation", _("recommendation seen")
    SELECT_RECOMMENDATION = "select_recommendation", _("recommendation chosen")
    SEARCH = "search", _("searched")
    ADD_TO_WISHLIST = "add_to_wishlist", _("put on a wish list")
    ADD_TO_CART = "add_to_cart", _("put into the cart")
    REMOVE_FROM_CART = "remove_from_cart", _("taken out of the cart")
    VIEW_CART = "view_cart", _("cart viewed")
    BEGIN_CHECKOUT = "begin_checkout", _("checkout begun")
    PURCHASE = "purchase", _("purchase")
    REFUND = "refund", _("refund")


class EventSource(models.TextChoices):
    BROWSER = "browser", _("browser")
    SERVER = "server", _("server")
    IMPORT = "import", _("import")


class EventConsent(models.TextChoices):
    """What a visitor had allowed when the event happened."""

    NONE = "none", _("nothing")
    STATISTICS = "statistics", _("statistics")
    PERSONAL = "personal", _("statistics and personal ranking")


class CurrentTransaction(models.Func):
    """The number of the transaction that is going on, in 64 bits: it never comes again."""

    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()


class Event(models.Model):
    """Something that a visitor did, once.

    The table is partitioned by month of `time`, and a month is dropped at the end of its
    retention. Its `uuid` is unique by `EventKey`. Without consent an event has no visitor, session
    and user.
    """

    uuid = models.UUIDField(primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    time = models.DateTimeField(_("time"), help_text=_("When it happened, by the server's clock."))
    received = models.DateTimeField(_("received"), db_default=Now())
    catalogue = models.CharField(_("catalogue"), max_length=100)
    visitor_id = models.BigIntegerField(_("visitor"), null=True)
    session = models.CharField(_("session"), max_length=64, blank=True, db_default="")
    page = models.CharField(
        _("page"),
        max_length=64,
        blank=True,
        db_default="",
        help_text=_("A random id of one page view."),
    )
    user_id = models.CharField(_("user"), max_length=255, blank=True, db_default="")
    items = models.JSONField(
        _("items"),
        default=list,
        help_text=_("Objects with `id`, and `quantity`, `price` and `position` where known."),
    )
    value = models.DecimalField(_("value"), max_digits=16, decimal_places=4, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True, db_default="")
    transaction_id = models.CharField(_("order"), max_length=100, blank=True, db_default="")
    query = models.CharField(_("query"), max_length=400, blank=True, db_default="")
    total = models.IntegerField(_("results"), null=True)
    query_id = models.CharField(max_length=64, blank=True, db_default="")
    rec_id = models.CharField(max_length=64, blank=True, db_default="")
    placement = models.CharField(_("placement"), max_length=100, blank=True, db_default="")
    arms = models.JSONField(
        _("arms"), default=dict, db_default={}, help_text=_("Arms by experiment.")
    )
    propensity = models.FloatField(
        _("propensity"), null=True, help_text=_("With what probability it was shown there.")
    )
    consent = models.CharField(_("consent"), max_length=10, choices=EventConsent)
    source = models.CharField(_("source"), max_length=7, choices=EventSource)
    sender = models.CharField(
        _("sender"),
        max_length=40,
        blank=True,
        db_default="",
        help_text=_("The script that sent it."),
    )
    is_bot = models.BooleanField(_("bot"), default=False)
    is_agent = models.BooleanField(_("AI agent"), default=False)
    written_by = models.BigIntegerField(
        db_default=CurrentTransaction(),
        editable=False,
        help_text=_("Number of the transaction that wrote it: in this order events are mined."),
    )

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes: ClassVar = [
            models.Index(
                fields=["visitor_id", "time"],
                name="shopreco_event_visitor",
                condition=Q(visitor_id__isnull=False),
            ),
            models.Index(fields=["user_id"], name="shopreco_event_user", condition=~Q(user_id="")),
            models.Index(
                fields=["transaction_id"],
                name="shopreco_event_order",
                condition=~Q(transaction_id=""),
            ),
            models.Index(
                fields=["session"],
                name="shopreco_event_session",
                condition=Q(visitor_id__isnull=True) & ~Q(session=""),
            ),
            # Equal keys of a batch are stored once, at the end of the index.
            models.Index(fields=["catalogue", "written_by"], name="shopreco_event_written"),
            BrinIndex(fields=["time"], name="shopreco_event_time", autosummarize=True),
            BrinIndex(fields=["received"], name="shopreco_event_received", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.uuid}"


class EventKey(models.Model):
    """The key of an event that was taken in, so that no event is taken in twice.

    No unique index of a partitioned table can say so: it would have to include the time.
    """

    uuid = models.UUIDField(primary_key=True)
    time = models.DateTimeField(help_text=_("Of its event, which is in that partition."))

    class Meta:
        verbose_name = _("key of an event")
        verbose_name_plural = _("keys of events")

    def __str__(self) -> str:
        return str(self.uuid)
