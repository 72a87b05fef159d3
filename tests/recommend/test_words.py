"""Words that find pictures, though no product says them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_shop import KINDS

from lookalike.indexing.job import index
from lookalike.media.decoding import decode
from lookalike.models import unrelated
from lookalike.models.alignment import Projection, save_projection
from lookalike.models.embedders import open_image_embedder, open_text_embedder
from lookalike.models.encoder import Encoder
from lookalike.models.reduction import unit
from lookalike.recipe import Recipe
from lookalike.recommend.familiarity import Familiarity
from lookalike.recommend.recommender import Recommender
from lookalike.store.memory import MemoryStore
from lookalike.testing.builders import header, product, rows
from lookalike.types import Match, Query, Vectors


def kinds(matches: list[Match]) -> list[str]:
    return [m.product.id.partition("-")[0] for m in matches]


@pytest.fixture(scope="module")
def speechless(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Recommender:
    """The small shop without a word about its products, and an image model that knows what words look like."""
    folder = tmp_path_factory.mktemp("speechless")
    bare = folder / "catalogue.csv"
    pictures = sorted(catalogue.parent.glob("*.png"))
    bare.write_text("\n".join(["id,image", *(f"{picture.stem},{picture.name}" for picture in pictures)]))
    shown = [decode((catalogue.parent / f"{kind}-a-red.png").read_bytes()) for kind in KINDS]
    seen = unit(open_image_embedder("gradients").embed(shown))
    learned(seen, folder / "words.safetensors")
    spec = folder / "speaking.toml"
    spec.write_text(
        'name = "speaking"\nrole = "image"\nkind = "gradients"\ndim = 512\n'
        'summary = "gradients that know words"\nlicence = "Apache-2.0"\nwords = "file:words.safetensors"\n'
    )
    index(bare, folder / "store", images=catalogue.parent, recipe=Recipe(image=str(spec), text="hashed-words"))
    return Recommender.open(folder / "store")


def learned(seen: Vectors, path: Path) -> None:
    """A projection that takes the name of each kind to its picture: a linear one, as relu(x) - relu(-x)."""
    said = unit(open_text_embedder("hashed-words").embed(KINDS))
    across = np.linalg.pinv(said) @ seen
    both = np.concatenate([np.eye(512), -np.eye(512)], axis=1).astype(np.float32)
    save_projection(
        Projection(
            "hashed-words",
            both,
            np.zeros(1024, np.float32),
            np.concatenate([across, -across]).astype(np.float32),
            np.zeros(512, np.float32),
        ),
        path,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_words_find_what_they_look_like_where_no_product_says_anything(speechless: Recommender, kind: str) -> None:
    found = speechless.search(text=kind, k=8)
    assert kinds(found) == [kind] * 8
    assert found[0].parts["image"] > 0 == found[0].parts["text"]


def test_words_beside_a_picture_move_it(speechless: Recommender, catalogue: Path) -> None:
    picture = catalogue.parent / "shirt-a-red.png"
    only = {"image": 1.0, "text": 0.0, "colour": 0.0}
    plain = speechless.search(image=picture, k=24, weights=only)
    moved = speechless.search(image=picture, text="bag", k=24, weights=only)
    assert kinds(plain)[0] == kinds(moved)[0] == "shirt", "they move it and do not replace it"
    cosines = [{m.product.id: m.cosine for m in found} for found in (plain, moved)]
    assert all(cosines[1][f"bag-{n}-red"] > cosines[0][f"bag-{n}-red"] for n in "ab")
    liked = {
        m.product.id: m.cosine for m in speechless.search(liked=["shirt-a-red"], text="bag", k=24, weights=only)
    }
    asked = {m.product.id: m.cosine for m in speechless.similar("shirt-a-red", text="bag", k=24, weights=only)}
    assert liked["bag-a-red"] == pytest.approx(asked["bag-a-red"], abs=1e-4)


def test_words_look_less_surely_than_a_picture_does_unless_the_caller_says(
    catalogue: Path, speechless: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Query] = []
    nearest = speechless.store.nearest
    monkeypatch.setattr(
        speechless.store, "nearest", lambda query, **rest: asked.append(query) or nearest(query, **rest)
    )
    speechless.search(text="bag")
    speechless.search(text="bag", weights={"image": 3.0})
    speechless.search(image=catalogue.parent / "shirt-a-red.png")
    image = speechless.recipe.weights["image"]
    assert [query.weights["image"] for query in asked] == [0.5 * image, 3.0, image]


class Speaking(Encoder):
    """An encoder for which words from elsewhere all look a little like the first axis."""

    def encode_text_as_picture(self, text: str) -> Vectors:
        return np.eye(1, 16, dtype=np.float32) * np.float32(0.3)


def test_what_words_look_like_is_judged_by_what_other_words_do() -> None:
    store = MemoryStore(header())
    axes = np.eye(store.header.dims["image"], dtype=np.float32)
    products = [product(f"P{n}") for n in range(80)]
    store.put(rows(store.header, products, vectors={"image": axes[np.arange(80) % 2]}))
    store.keep_fitted(unrelated.UNRELATED, unrelated.to_bytes({"image": 0.1 * axes[:1], "text": axes[:1, :12]}))
    judge = Familiarity(store, Speaking(store.header.recipe))
    looks = {"image": 0.2 * axes[0]}
    assert not judge.is_strange(looks), "for a picture that would do"
    assert judge.is_strange(looks, told=True)
    assert not judge.is_strange({"image": 0.5 * axes[0]}, told=True)
