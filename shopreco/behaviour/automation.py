"""Bots and AI agents, as they name themselves: flagged and kept out of statistics, not dropped."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

AI = "ai-crawler"
"""The tag that the list gives to what reads for a language model."""


class Automation(NamedTuple):
    is_bot: bool
    is_agent: bool


PERSON = Automation(is_bot=False, is_agent=False)
NAMELESS = Automation(is_bot=True, is_agent=False)


@lru_cache(maxsize=4096)
def automation_of(user_agent: str) -> Automation:
    """What a `User-Agent` header says of its sender. Browsers send one: nobody else sends none."""
    if not user_agent:
        return NAMELESS
    # The list is read when the first event arrives: it has 1,500 patterns.
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA, matching_crawlers

    found = matching_crawlers(user_agent)
    if not found:
        return PERSON
    tags = {tag for n in found for tag in CRAWLER_USER_AGENTS_DATA[n].get("tags", ())}
    return Automation(is_bot=True, is_agent=AI in tags)
