"""A projection of words: what somebody would type lands among the pictures of what it names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from lookalike.models.embedders import open_text_embedder
from lookalike.models.reduction import unit
from lookalike.training.words import learn_projection, phrase

COLOURS, TYPES = ("Red", "Blue", "Green"), ("Shirts", "Heels", "Watches")


def facts(kind: str, colour: str) -> Mapping[str, str]:
    return {"type": kind, "colour": colour, "audience": "Women"}


def test_a_phrase_says_what_is_known_and_nothing_else() -> None:
    random = np.random.default_rng(0)
    said = [phrase(facts("Watches", "Red"), random) for _ in range(50)]
    assert all("watch" in words and "watches" not in words for words in said)
    assert 10 < sum("red" in words for words in said) < 50
    assert len(set(said)) > 10
    assert {phrase({"type": "Ties"}, random) for _ in range(50)} == {"tie"}


@pytest.mark.train
def test_words_that_no_title_has_find_the_pictures_they_name() -> None:
    pytest.importorskip("torch", reason="needs the [train] extra: pip install 'lookalike[train]'")
    random = np.random.default_rng(0)
    kinds = list(product(TYPES, COLOURS))
    centres = unit(random.standard_normal((len(kinds), 16)).astype(np.float32))
    places = np.arange(180) % len(kinds)
    pictures = unit(centres[places] + 0.1 * random.standard_normal((180, 16)).astype(np.float32))
    known = [facts(*kinds[at]) for at in places]
    titles = [f"Acme {kinds[at][1]} {kinds[at][0]} No. {n}" for n, at in enumerate(places)]
    learned, again = (learn_projection(pictures, titles, known, text="hashed-words", steps=60) for _ in range(2))
    asked = [f"{colour.lower()} {kind.lower()}" for kind, colour in kinds]
    seen = learned.apply(open_text_embedder("hashed-words").embed(asked))
    assert (seen @ centres.T).argmax(axis=1).tolist() == list(range(len(kinds)))
    np.testing.assert_array_equal(learned.first, again.first)
