"""Verbs as hits of the command palette; choosing one opens its form, the same door as its key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from gastown_tui.core import verbs

if TYPE_CHECKING:
    from gastown_tui.app import GastownApp


class VerbProvider(Provider):
    """Every verb by name and by what it does."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        app = cast("GastownApp", self.app)
        for verb in verbs.records():
            if not verb.hidden:
                yield DiscoveryHit(verb.name, partial(app.action_verb, verb.name), help=verb.about)

    async def search(self, query: str) -> Hits:
        """Those that match."""
        app = cast("GastownApp", self.app)
        matcher = self.matcher(query)
        for verb in verbs.records():
            if verb.hidden:
                continue
            score = max(matcher.match(verb.name), matcher.match(verb.about) * 0.8)
            if score > 0:
                run = partial(app.action_verb, verb.name)
                yield Hit(score, matcher.highlight(verb.name), run, help=verb.about)
