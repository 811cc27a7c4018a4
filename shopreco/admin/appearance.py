"""What the pages share to look at: the stylesheet, the dash for nothing, the badge of a state."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

STYLESHEET = "shopreco/admin/admin.css"
EMPTY = "–"
TECHNICAL = gettext_lazy("Technical details")
"""Of what an owner need not see, folded away."""


def badge(state: str, label: str) -> SafeString:
    """A state as a word with a coloured dot: never by colour alone."""
    return format_html('<span class="shopreco-state shopreco-{}">{}</span>', state, label)
