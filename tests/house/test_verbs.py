"""Verbs are declared once, and every door finds the same ones."""

from __future__ import annotations

from importlib.util import resolve_name

import pytest

from gastown_tui.core import verbs
from gastown_tui.core.verbs.declare import Verb

EVERY = verbs.every()


def test_there_are_verbs() -> None:
    assert {"sling", "hook", "prime", "convoy create", "mail send", "bd create"} <= {verb.name for verb in EVERY}


@pytest.mark.parametrize("verb", EVERY, ids=lambda verb: verb.name)
def test_a_verb_is_found_from_its_first_words_alone(verb: Verb) -> None:
    pieces = verb.name.split(" ")
    module = verbs.WORDS.get(" ".join(pieces[:2])) or verbs.WORDS.get(pieces[0])
    assert module is not None
    found = verbs.find(verb.name)
    assert found is not None
    assert found.run is verb.run
    assert verb.run.__module__.startswith(resolve_name(f".{module}", verbs.__name__))


@pytest.mark.parametrize("verb", EVERY, ids=lambda verb: verb.name)
def test_a_verb_reads_as_an_imperative_in_one_line(verb: Verb) -> None:
    assert len(verb.about) <= 100
    assert verb.about[0].isupper()
    assert all(each.arg.about for each in verb.parameters)


def test_no_two_verbs_share_a_key() -> None:
    taken = [verb.keys for verb in EVERY if verb.keys]
    assert len(taken) == len(set(taken))
