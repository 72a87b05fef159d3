"""Pictures in, regions out: on graphs whose right answer is known, and on drawn garments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from small_graphs import NAMES, colour_graph, red_graph, spec

from lookalike.errors import ModelError, ModelNotFound
from lookalike.media.cutout import mask_of
from lookalike.media.decoding import decode
from lookalike.media.masks import decode_mask
from lookalike.models import all_specs, find_spec, open_segmenter
from lookalike.models.segmenters import SALIENT
from lookalike.testing import sample_shop
from lookalike.types import GARMENTS, Pixels, Regions

LABELS = ("background", "topwear", "bottomwear")


def halves(height: int, width: int) -> Pixels:
    """Green above, blue below."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, :, 1] = 255
    pixels[height // 2 :, :, 2] = 255
    return pixels


@pytest.mark.parametrize("shape", [(120, 90), (60, 200), (7, 5), (400, 400)])
def test_a_graph_of_any_size_sees_the_picture_in_its_own_aspect(tmp_path: Path, shape: tuple[int, int]) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    [found] = open_segmenter(spec(tmp_path, "onnx-regions", NAMES)).segment([halves(*shape)])
    assert found.labels == LABELS
    assert (found.height, found.width) == shape
    assert all(n % 32 == 0 for n in found.shares.shape[1:])
    assert 64 * 64 / 2 <= np.prod(found.shares.shape[1:]) <= 64 * 64 * 2
    assert (found.shares.shape[1] - found.shares.shape[2]) * (shape[0] - shape[1]) >= 0
    np.testing.assert_allclose(found.shares.sum(axis=0), 1, atol=1e-4)
    taken = np.array(LABELS)[found.shares.argmax(axis=0)]
    assert (taken[0] == "topwear").all()
    assert (taken[-1] == "bottomwear").all()


def test_a_sliver_of_a_picture_costs_no_more_than_a_few_others(tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    [found] = open_segmenter(spec(tmp_path, "onnx-regions", NAMES)).segment([halves(20_000, 1)])
    assert found.shares[0].size <= 4 * 64 * 64


def test_a_graph_of_a_fixed_size_sees_the_picture_squeezed(tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True, size=(48, 24))
    [found] = open_segmenter(spec(tmp_path, "onnx-regions", NAMES)).segment([halves(100, 300)])
    assert found.shares.shape == (3, 48, 24)
    assert (found.height, found.width) == (100, 300)


def test_logits_become_shares_where_the_spec_says_so_and_are_refused_where_not(tmp_path: Path) -> None:
    colour_graph(tmp_path / "done.onnx", softmax=True)
    colour_graph(tmp_path / "mine.onnx", softmax=False)
    pictures = [halves(64, 64)]
    [left] = open_segmenter(spec(tmp_path, "onnx-regions", NAMES + '\nactivation = "softmax"')).segment(pictures)
    wrong = open_segmenter(spec(tmp_path, "onnx-regions", NAMES))
    with pytest.raises(ModelError, match=r'do not add up to 1: .* activation = "softmax"'):
        wrong.segment(pictures)
    (tmp_path / "done.onnx").rename(tmp_path / "mine.onnx")
    [done] = open_segmenter(spec(tmp_path, "onnx-regions", NAMES)).segment(pictures)
    np.testing.assert_allclose(left.shares, done.shares, atol=1e-5)


def test_labels_of_ones_own_are_told_in_ours(tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    words = 'labels = ["nothing", "T-shirt", "pants"]\ngarments = { T-shirt = "topwear", pants = "bottomwear" }'
    [found] = open_segmenter(spec(tmp_path, "onnx-regions", words)).segment([halves(64, 64)])
    assert found.labels == ("nothing", "topwear", "bottomwear")


@pytest.mark.parametrize(
    ("labels", "named"),
    [('labels = ["background", "topwear"]', "its spec has 2 labels"), ("", "name the planes")],
)
def test_planes_that_the_spec_does_not_name_are_an_error(tmp_path: Path, labels: str, named: str) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    with pytest.raises(ModelError, match=named):
        open_segmenter(spec(tmp_path, "onnx-regions", labels)).segment([halves(64, 64)])


def red_left(brightness: int = 255) -> Pixels:
    pixels = np.zeros((100, 60, 3), np.uint8)
    pixels[:, :30, 0] = brightness
    return pixels


def salient(tmp_path: Path, pixels: Pixels, *, logits: bool = False) -> Regions:
    red_graph(tmp_path / "mine.onnx", logits=logits)
    more = 'activation = "sigmoid"' if logits else ""
    [found] = open_segmenter(spec(tmp_path, "onnx-saliency", more, side=8)).segment([pixels])
    assert found.labels == SALIENT
    assert found.shares.shape == (2, 8, 8)
    np.testing.assert_allclose(found.shares.sum(axis=0), 1, atol=1e-6)
    return found


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("brightness", [255, 90])
def test_the_object_is_found_however_bright_the_picture_is(tmp_path: Path, logits: bool, brightness: int) -> None:
    found = salient(tmp_path, red_left(brightness), logits=logits)
    assert (found.height, found.width) == (100, 60)
    np.testing.assert_allclose(found.shares[1, :, :3], 1, atol=1e-3)
    np.testing.assert_allclose(found.shares[1, :, 5:], 0, atol=1e-3)


def test_a_picture_of_nothing_has_no_object_though_its_plane_is_stretched(tmp_path: Path) -> None:
    assert not mask_of(salient(tmp_path, np.zeros((50, 50, 3), np.uint8)), ["object"]).any()
    noise = np.random.default_rng(0).integers(0, 3, (50, 50, 3)).astype(np.uint8)
    noise[..., 1] = 255
    assert not mask_of(salient(tmp_path, noise), ["object"]).any()


def test_a_graph_that_gives_more_than_one_plane_is_refused(tmp_path: Path) -> None:
    red_graph(tmp_path / "mine.onnx", planes=2)
    with pytest.raises(ModelError, match=r"mine gave numbers of shape \(1, 2, 8, 8\), not one plane"):
        open_segmenter(spec(tmp_path, "onnx-saliency", side=8)).segment([red_left()])


@pytest.mark.parametrize("name", ["mine", "white-ground"])
def test_a_batch_of_pictures_is_its_pictures_one_by_one(name: str, pictures: list[Pixels], tmp_path: Path) -> None:
    colour_graph(tmp_path / "mine.onnx", softmax=True)
    segmenter = open_segmenter(spec(tmp_path, "onnx-regions", NAMES) if name == "mine" else name)
    together = segmenter.segment(pictures)
    assert len(together) == len(pictures)
    for found, pixels in zip(together, pictures, strict=True):
        assert (found.height, found.width) == pixels.shape[:2]
        assert found.shares.dtype == np.float32
        assert found.labels == segmenter.labels
        np.testing.assert_array_equal(found.shares, segmenter.segment([pixels])[0].shares)
    assert segmenter.segment([]) == []


def overlap(found: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def drawn(product: str) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """A packshot of the drawn shop, and where its product is."""
    shop = sample_shop()
    pixels = decode((shop / "images" / f"{product}-main.jpg").read_bytes())
    return pixels, decode_mask((shop / "masks" / f"{product}.png").read_bytes()) > 0


def on_white(pixels: Pixels, truth: npt.NDArray[np.bool_]) -> Pixels:
    return np.where(truth[..., None], pixels, np.uint8(255))


@pytest.mark.parametrize("product", ["trs-414-navy", "tee-104-pink", "skt-441-pink", "boot-613-brown"])
def test_a_garment_on_white_is_told_from_it_to_its_outline(product: str) -> None:
    pixels, truth = drawn(product)
    [found] = open_segmenter("white-ground").segment([on_white(pixels, truth)])
    assert overlap(mask_of(found, ["object"]), truth) > 0.97


WHITE = sorted(p.stem for p in (sample_shop() / "masks").glob("*-white.png"))


@pytest.mark.parametrize("product", WHITE)
def test_white_clothes_on_white_are_kept(product: str) -> None:
    """Whole, or else nothing is found and the picture stays as it is."""
    pixels, truth = drawn(product)
    [found] = open_segmenter("white-ground").segment([on_white(pixels, truth)])
    mask = mask_of(found, ["object"])
    assert not mask.any() or (mask & truth).sum() > 0.97 * truth.sum()


def test_a_shirt_as_white_as_its_ground_is_not_found_at_all() -> None:
    pixels = np.full((200, 150, 3), 255, np.uint8)
    pixels[40:160, 75] = 120  # buttons and a seam
    pixels[40, 40:110] = 120
    [found] = open_segmenter("white-ground").segment([pixels])
    assert not mask_of(found, ["object"]).any()


def test_white_within_a_garment_is_garment() -> None:
    pixels = np.full((200, 150, 3), 255, np.uint8)
    pixels[40:160, 40:110] = (200, 20, 30)
    pixels[80:120, 60:90] = 255
    [found] = open_segmenter("white-ground").segment([pixels])
    assert mask_of(found, ["object"])[90, 70]


def test_a_photograph_without_a_white_ground_is_all_object() -> None:
    photo = sample_shop() / "figures" / "figure-02-man-street.jpg"
    [found] = open_segmenter("white-ground").segment([decode(photo.read_bytes())])
    assert mask_of(found, ["object"]).all()


@pytest.mark.parametrize("name", [s.name for s in all_specs().values() if s.role == "segmenter"])
def test_every_segmenter_that_ships_opens_or_says_how_to_get_it(name: str) -> None:
    try:
        assert len(open_segmenter(name).labels) >= 2
    except ModelNotFound as error:
        assert f"lookalike models pull {name}" in str(error) or find_spec(name).weights.startswith("bundled:")


def test_the_default_knows_every_garment() -> None:
    assert set(GARMENTS) <= set(find_spec("garment-parser").labels)


def test_a_model_for_another_role_is_refused() -> None:
    with pytest.raises(ModelError, match="wordllama is a model for text, not for regions"):
        open_segmenter("wordllama")
