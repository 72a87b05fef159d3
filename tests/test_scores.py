"""What a score means, when there is no answer, which pictures are one, and what is said of a match."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike.errors import LookalikeError, ModelError, ProductNotFound, StoreError
from lookalike.indexing.calibrating import calibrate
from lookalike.models import unrelated
from lookalike.models.encoder import Encoder
from lookalike.recommend.calibration import Calibration, Calibrator, fit, rarity
from lookalike.recommend.duplicates import Folding, folded
from lookalike.recommend.familiarity import Familiarity
from lookalike.recommend.reasons import CommonWords, sentences
from lookalike.recommend.recommender import Recommender
from lookalike.recommend.scoring import Scored
from lookalike.store.lance import LanceStore
from lookalike.store.memory import MemoryStore
from lookalike.store.pairs import PAIRS, Pairs, draw_pairs
from lookalike.testing.builders import header, product, rows, unit_vectors
from lookalike.types import Match, Product, Vectors, View


def shelf(count: int, *, seed: int = 0, clusters: int = 0) -> MemoryStore:
    """A store of so many products with vectors by chance."""
    store = MemoryStore(header())
    vectors: dict[str, Vectors] = {
        part: unit_vectors(count, dim, seed=seed + n, clusters=clusters)
        for n, (part, dim) in enumerate(store.header.dims.items())
    }
    store.put(rows(store.header, [product(f"P{n}") for n in range(count)], vectors=vectors))
    return store


def opened(store: MemoryStore) -> Recommender:
    return Recommender(store, encoder=Encoder(store.header.recipe), name="shelf")


def test_a_score_by_itself_is_the_one_among_many() -> None:
    random = np.random.default_rng(3)
    scale = fit(random.uniform(-0.2, 0.9, 5000), np.ones(5000))
    cosines = [-1.5, -1.0, *scale.cosines.tolist(), *random.uniform(-1.1, 1.1, 500).tolist(), 1.0, 1.5]
    assert [scale.score(cosine) for cosine in cosines] == pytest.approx(
        scale.scores_of(cosines).tolist(), abs=1e-12
    )


# -- the sample of pairs ----------------------------------------------------------------------------


def every_pair(store: MemoryStore, part: str) -> np.ndarray:
    block = np.stack([views[0].parts[part] for views in store.views(store.ids(limit=0)).values()])
    return (block @ block.T)[~np.eye(len(block), dtype=bool)]


@pytest.mark.parametrize("count", [30, 300, 1200])
def test_the_sample_tells_how_many_pairs_are_at_least_so_alike(count: int) -> None:
    store = shelf(count, clusters=12)
    pairs = draw_pairs(store)
    assert len(pairs) < 90_000
    for part in ("image", "colour"):
        truth = every_pair(store, part)
        sampled = pairs.cosines[:, pairs.parts.index(part)]
        for share in (0.5, 0.1, 0.01):
            border = np.quantile(truth, 1 - share)
            found = pairs.counts[sampled >= border].sum() / pairs.counts.sum()
            assert found == pytest.approx(share, rel=0.2)


def test_the_most_alike_pairs_are_all_in_the_sample() -> None:
    store = shelf(300, clusters=12)
    pairs = draw_pairs(store)
    assert pairs.cosines[:, 0].max() == pytest.approx(every_pair(store, "image").max(), abs=1e-5)


def test_variants_and_one_picture_under_two_ids_are_no_pairs() -> None:
    store = MemoryStore(header())
    store.put(rows(store.header, [product("A", group="S"), product("B", group="S"), product("C", group="S")]))
    assert len(draw_pairs(store)) == 0
    store.put(rows(store.header, [product("D")]))
    assert len(draw_pairs(store)) == 6


def test_a_product_without_a_part_says_nothing_of_it() -> None:
    store = MemoryStore(header())
    store.put(rows(store.header, [product("A"), product("B"), product("bare", images=())]))
    pairs = draw_pairs(store)
    assert np.isnan(pairs.cosines[:, 0]).sum() == 2
    assert not np.isnan(pairs.cosines[:, pairs.parts.index("text")]).any()


def test_pairs_are_read_as_they_were_written() -> None:
    pairs = draw_pairs(shelf(40))
    read = Pairs.from_bytes(pairs.to_bytes())
    assert (read.parts, read.products) == (pairs.parts, 40)
    assert np.array_equal(read.cosines, pairs.cosines, equal_nan=True)
    assert np.array_equal(read.counts, pairs.counts)
    for content in (b"", b"not safetensors at all", unrelated.to_bytes({"image": np.eye(2, dtype=np.float32)})):
        with pytest.raises(StoreError, match="index the catalogue again"):
            Pairs.from_bytes(content)


# -- the scale --------------------------------------------------------------------------------------


SAMPLES = st.lists(st.tuples(st.floats(-1, 1), st.floats(1, 1000)), max_size=60)


@given(SAMPLES, st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=30))
def test_a_higher_cosine_is_always_a_higher_score(sample: list[tuple[float, float]], asked: list[float]) -> None:
    scale = fit(np.array([c for c, _ in sample]), np.array([n for _, n in sample]))
    cosines = np.sort(np.unique(np.asarray(asked, np.float32)))
    scores = scale.scores_of(cosines)
    far = np.diff(cosines.astype(np.float64)) > 1e-9
    assert (np.diff(scores)[far] > 0).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (scale.score(-1), scale.score(1), scale.score(1.0000002)) == (0, 1, 1)
    assert [scale.cosine(scale.score(float(c))) for c in cosines] == pytest.approx(cosines.tolist(), abs=1e-6)


def test_a_score_says_how_rare_such_a_pair_is() -> None:
    cosines = np.random.default_rng(0).normal(0, 0.15, 1_000_000)
    scale = fit(cosines, np.ones(len(cosines)))
    for level in (0.1, 0.2, 0.4, 0.6, 0.8, 0.9):
        share = (cosines >= scale.cosine(level)).mean()
        assert 1 / share == pytest.approx(rarity(level), rel=0.15)
    assert scale.score(float(np.median(cosines))) < 0.07


def test_two_catalogues_whose_cosines_differ_have_comparable_scores() -> None:
    random = np.random.default_rng(0)
    narrow, wide = random.normal(0, 0.05, 200_000), random.normal(0.2, 0.15, 200_000)
    first, second = (fit(c, np.ones(len(c))) for c in (narrow, wide))
    for sigmas in (0, 1, 2, 3):
        assert first.score(0.05 * sigmas) == pytest.approx(second.score(0.2 + 0.15 * sigmas), abs=0.02)


def test_a_catalogue_of_one_product_or_two_has_a_scale_too() -> None:
    for count in (0, 1, 2, 5):
        scale = Calibration(draw_pairs(shelf(count))).scale({"image": 1.0, "text": 0.5})
        assert scale.score(0.0) < 0.3 < scale.score(0.9) < 1


def test_each_mixture_has_its_own_scale_and_only_proportions_count() -> None:
    calibration = Calibration(draw_pairs(shelf(200)))
    one = calibration.scale({"image": 1.0, "colour": 0.5})
    assert calibration.scale({"image": 2.0, "colour": 1.0}) is one
    assert calibration.scale({"image": 1.0}).score(0.5) != one.score(0.5)
    assert calibration.likeness({"image": 0.5}) == {"image": calibration.scale({"image": 1.0}).score(0.5)}


def test_weights_change_scores_but_no_order() -> None:
    shop = opened(shelf(60, clusters=6))
    for weights in ({}, {"image": 0}, {"image": 0, "text": 0}, {"colour": 7}):
        found = shop.similar("P0", k=59, weights=weights, duplicates=True)
        assert len(found) == 59
        assert [m.cosine for m in found] == sorted((m.cosine for m in found), reverse=True)
        assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
        assert all(sum(m.parts.values()) == pytest.approx(m.cosine, abs=1e-5) for m in found)


# -- kept with the store ----------------------------------------------------------------------------


def test_what_is_kept_is_used_and_seen_at_the_next_call() -> None:
    store = shelf(100)
    calibrator = Calibrator(store)
    lazily = calibrator.calibration()
    assert calibrator.calibration() is lazily
    assert calibrate(store, products=100)
    kept = calibrator.calibration()
    assert kept is not lazily
    assert np.array_equal(kept.pairs.cosines, lazily.pairs.cosines, equal_nan=True)


@pytest.mark.parametrize(("products", "again"), [(100, False), (149, False), (151, True), (60, True), (70, False)])
def test_the_sample_is_drawn_again_when_the_catalogue_has_another_size(products: int, again: bool) -> None:
    store = shelf(100)
    assert calibrate(store, products=100)
    assert calibrate(store, products=products) is again


def test_an_open_shop_takes_over_what_another_process_has_kept(shared_store: Path, tmp_path: Path) -> None:
    shutil.copytree(shared_store, tmp_path / "store")
    reader, writer = (LanceStore.open(str(tmp_path / "store")) for _ in range(2))
    calibrator = Calibrator(reader)
    before, version = calibrator.calibration(), reader.fitted_version
    assert calibrator.calibration() is before
    writer.keep_fitted(PAIRS, draw_pairs(shelf(30)).to_bytes())
    assert reader.fitted_version > version
    assert calibrator.calibration().pairs.products == 30
    assert set(reader.fitted()) == set(LanceStore.open(str(shared_store)).fitted())


def test_an_index_run_keeps_what_scores_need(shared_store: Path) -> None:
    fitted = LanceStore.open(str(shared_store)).fitted()
    assert Pairs.from_bytes(fitted[PAIRS]).products == 24
    assert set(unrelated.from_bytes(fitted[unrelated.UNRELATED])) == {"image", "text", "colour"}


# -- nothing like it --------------------------------------------------------------------------------


def test_no_match_scores_less_than_was_asked_for() -> None:
    shop = opened(shelf(80, clusters=8))
    everything = shop.similar("P3", k=80, duplicates=True)
    for at_least in (0.0, 0.1, 0.3, 0.6, 1.0):
        found = shop.similar("P3", k=80, at_least=at_least, duplicates=True)
        assert [m.product.id for m in found] == [m.product.id for m in everything if m.score >= at_least]
    assert len(shop.similar("P3", k=2, at_least=0.1, duplicates=True)) == 2
    with pytest.raises(LookalikeError, match=r"at_least is 1\.5"):
        shop.similar("P3", at_least=1.5)


class Aligned:
    """A catalogue of two sorts of things, and strange vectors that are unlike both."""

    def __init__(self, count: int = 120) -> None:
        dim = header().dims["image"]
        axes = np.eye(dim, dtype=np.float32)
        noise = 0.1 * unit_vectors(count, dim, seed=3)
        image = axes[np.arange(count) % 2] + noise
        image /= np.linalg.norm(image, axis=1, keepdims=True)
        self.store = MemoryStore(header())
        products = [product(f"P{n}") for n in range(count)]
        self.store.put(rows(self.store.header, products, vectors={"image": image}))
        self.store.keep_fitted(
            unrelated.UNRELATED, unrelated.to_bytes({"image": axes[4:12], "text": axes[:8, :12]})
        )
        self.axes = axes


def test_what_is_about_equally_unlike_everything_is_strange() -> None:
    shelf = Aligned()
    familiarity = Familiarity(shelf.store, Encoder(shelf.store.header.recipe))
    assert not familiarity.is_strange({"image": shelf.axes[0]})
    assert familiarity.is_strange({"image": shelf.axes[15] * 0.01})
    assert not familiarity.is_strange({"colour": np.ones(8, np.float32)}), "colours alone are not judged"


def test_words_that_the_catalogue_knows_make_up_for_a_strange_picture() -> None:
    shelf = Aligned()
    familiarity = Familiarity(shelf.store, Encoder(shelf.store.header.recipe))
    known = shelf.store.views(["P1"])["P1"][0].parts["text"]
    strange = {"image": shelf.axes[15] * 0.01}
    assert familiarity.is_strange(strange)
    assert not familiarity.is_strange({**strange, "text": known})


def test_a_shop_of_few_products_is_not_judged() -> None:
    shelf = Aligned(20)
    familiarity = Familiarity(shelf.store, Encoder(shelf.store.header.recipe))
    assert not familiarity.is_strange({"image": shelf.axes[15] * 0.01})


def test_pictures_of_nothing_are_the_same_each_time_and_read_as_written() -> None:
    encoder = Encoder(header().recipe)
    once, again = unrelated.unrelated_vectors(encoder), unrelated.unrelated_vectors(encoder)
    assert set(once) == {"image", "text", "colour"}
    assert all(np.array_equal(once[p], again[p]) for p in once)
    read = unrelated.from_bytes(unrelated.to_bytes(once))
    assert all(np.array_equal(once[p], read[p]) for p in once)
    with pytest.raises(ModelError, match="index"):
        unrelated.from_bytes(b"nothing")


# -- one picture under several ids ------------------------------------------------------------------


def twins() -> Recommender:
    """Sixty products; T1 and T2 show almost what P5 shows, R shows it in other colours."""
    store = MemoryStore(header())
    dims, count = store.header.dims, 60
    vectors = {part: unit_vectors(count, dim, seed=n) for n, (part, dim) in enumerate(dims.items())}
    nudged = {part: v[5] + 0.01 * unit_vectors(1, dims[part], seed=9)[0] for part, v in vectors.items()}
    nudged = {part: (v / np.linalg.norm(v)).astype(np.float32) for part, v in nudged.items()}
    for part, own in vectors.items():
        other = own[7] if part == "colour" else nudged[part]
        vectors[part] = np.concatenate([own, np.stack([nudged[part], nudged[part], other])])
    products = [product(f"P{n}") for n in range(count)] + [product("T1"), product("T2"), product("R")]
    store.put(rows(store.header, products, vectors=vectors))
    return opened(store)


def test_a_copy_is_shown_once_and_said() -> None:
    shop = twins()
    found = {m.product.id: m for m in shop.similar("P0", k=100)}
    shown = found.keys() & {"P5", "T1", "T2"}
    assert len(shown) == 1
    assert {*found[next(iter(shown))].duplicates, *shown} == {"P5", "T1", "T2"}
    assert "R" in found, "the same shape in another colour is another product"
    assert all(not m.duplicates for i, m in found.items() if i not in shown)
    assert len(found) == 60
    everything = shop.similar("P0", k=100, duplicates=True)
    assert len(everything) == 62
    assert all(not m.duplicates for m in everything)


def test_copies_of_the_product_asked_about_are_no_answers_unless_wanted() -> None:
    shop = twins()
    assert not {"T1", "T2"} & {m.product.id for m in shop.similar("P5", k=100)}
    assert {m.product.id for m in shop.similar("P5", k=2, duplicates=True)} == {"T1", "T2"}
    assert {"T1", "T2"} & {m.product.id for m in shop.similar("P5", k=100, variants=True)}


@pytest.mark.parametrize("k", [1, 3, 10, 59])
def test_folding_costs_no_answer(k: int) -> None:
    shop = twins()
    assert len(shop.similar("P0", k=k)) == k
    assert [m.product.id for m in shop.similar("P0", k=k)] == [m.product.id for m in shop.similar("P0", k=100)][:k]


def test_nothing_is_folded_where_there_are_no_pictures() -> None:
    calibration = Calibration(draw_pairs(shelf(60)))
    assert Folding.of(calibration, ("text",)) == Folding()
    scored = [Scored(i, i, View(i, 0, ""), 0.5, 0.5, {}) for i in ("P1", "P2")]
    assert folded(scored, shelf(60), Folding(), count=2) == scored
    assert not Folding().are_one([{}], [{}]).any()


def test_a_picture_that_lacks_a_part_is_like_no_other() -> None:
    line = np.float32([1, 0])
    whole, part = {"image": line, "colour": line}, {"image": line}
    folding = Folding({"image": 0.9, "colour": 0.9})
    assert folding.are_one([whole, part], [part, whole]).tolist() == [[False, True], [False, False]]
    assert not folding.are_one([part], [part]).any()
    assert folding.are_one([whole], []).shape == (1, 0)


# -- in words ---------------------------------------------------------------------------------------


def match(found: Product, score: float = 0.6, **likeness: float) -> Match:
    return Match(found, score, {}, View(found.id, 0, ""), likeness=likeness)


def test_sentences_say_what_is_the_same_and_how_alike_the_rest_is() -> None:
    asked = Product("a", "Acme hooded fleece for men", brand="Acme", category="Men/Tops", colour="Navy")
    found = Product(
        "b", "Acme fleece hooded jacket for men", brand="Acme", category="Men/Tops", colour="Dark Blue"
    )
    said = sentences(
        match(found, 0.8, image=0.95, colour=0.72, text=0.4), query=asked, common={"for", "men", "acme"}
    )
    assert said == [
        "As alike as 1 in 10,000 pairs of products in this shop.",
        "Same category: Tops.",
        "Same brand: Acme.",
        "Shape nearly the same.",
        "Colour very alike (navy and dark blue).",
        "Its words share 'hooded', 'fleece'.",
    ]


def test_sentences_invent_nothing() -> None:
    bare = match(Product("b"), 0.02, text=0.2)
    assert sentences(bare, query=Product("a")) == [
        "No more alike than any two products of this shop.",
        "Words a little alike.",
    ]
    assert sentences(match(Product("b"), 1.0)) == ["The very same, as far as can be seen."]


def test_words_that_many_titles_have_are_common() -> None:
    store = MemoryStore(header())
    store.put(rows(store.header, [product(f"P{n}", title=f"Men shirt number{'x' * n}") for n in range(40)]))
    assert CommonWords(store).words() == {"men", "shirt"}


def test_a_shop_explains_a_match_or_any_two_products(shared_store: Path) -> None:
    shop = Recommender.open(str(shared_store))
    first = shop.similar("shirt-a-red", k=1)[0]
    said = shop.explain(first, like="shirt-a-red")
    assert any("red" in sentence for sentence in said)
    assert said == shop.explain(first.product.id, like="shirt-a-red")
    assert shop.explain("shirt-a-red", like="shirt-a-red")[0] == "The very same, as far as can be seen."
    searched = shop.search(text="green trousers", k=1)[0]
    assert "Its words share 'green', 'trousers'." in shop.explain(searched, text="green trousers")
    with pytest.raises(LookalikeError, match="nothing to compare 'shirt-a-red' with"):
        shop.explain("shirt-a-red")
    with pytest.raises(ProductNotFound, match="shirt-z"):
        shop.explain("shirt-z", like="shirt-a-red")
