"""From a catalogue to a model that recipes can name: by the gate, by a column, by triplets. Networks are tiny."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra: pip install 'lookalike[train]'")
onnx = pytest.importorskip("onnx", reason="needs the [train] extra: pip install 'lookalike[train]'")

from lookalike.errors import LookalikeError, ModelError  # noqa: E402 - after the skip
from lookalike.indexing.job import index  # noqa: E402
from lookalike.media.decoding import decode  # noqa: E402
from lookalike.models.attributes import open_attributes  # noqa: E402
from lookalike.models.embedders import open_image_embedder  # noqa: E402
from lookalike.models.specs import find_spec  # noqa: E402
from lookalike.recipe import Recipe  # noqa: E402
from lookalike.recommend.recommender import Recommender  # noqa: E402
from lookalike.training import beginning  # noqa: E402
from lookalike.training.commands import (  # noqa: E402
    Outcome,
    Plan,
    Surroundings,
    train_classifier,
    train_embedder,
    train_siamese,
)
from lookalike.training.export import run_graph  # noqa: E402
from lookalike.training.loop import read_weights, save_weights  # noqa: E402
from lookalike.training.networks import cnn_28, garment_encoder, resnet, siamese  # noqa: E402

pytestmark = pytest.mark.train
torch.set_num_threads(1)  # networks this small gain nothing from a second
OUTLINES = Recipe(image="gradients", text="none", colour="none")
SHORT = Plan(steps=60, side=32, size=12, rate=5e-3, seed=1)


def tiny_trunk() -> Any:
    """Sees colours and little else."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(3, 24, 3, 2, 1), nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 24, 3, 2, 1), nn.ReLU()
    )


def tiny(heads: Mapping[str, int]) -> Any:
    return garment_encoder(heads, trunk=tiny_trunk(), width=24, dim=16)


def test_a_better_model_is_adopted_and_a_store_can_be_made_with_it(cloths: Path, tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "cloths-1"
    done = train_embedder(
        cloths,
        out,
        current=OUTLINES,
        hold_out=0.4,
        plan=SHORT,
        around=Surroundings(say=said.append),
        network=tiny,
    )
    assert done.verdict is not None
    assert done.verdict.adopted, done.verdict.words
    assert "identity R@1" in done.verdict.words
    assert not (out / "candidate").exists()
    assert "several views of a thing" in said[0]
    names = {path.name for path in out.iterdir() if path.is_file()}
    assert names == {
        *(f"cloths-1.{end}" for end in ("onnx", "safetensors", "toml", "md", "heads.safetensors")),
        *("recipe.toml", "evaluation.json"),
    }

    recipe = Recipe.from_file(done.recipe)
    assert recipe == replace(OUTLINES, image=str((out / "cloths-1.toml").resolve()))
    index(cloths, tmp_path / "store", recipe=recipe)
    nearest = Recommender.open(tmp_path / "store").similar("c30", k=1)[0].product.id
    assert abs(int(nearest[1:]) - 30) <= 9  # the next of its hue


def test_the_graph_gives_what_the_weights_give_and_its_heads_can_be_read(cloths: Path, tmp_path: Path) -> None:
    train_embedder(cloths, tmp_path / "m", current=OUTLINES, hold_out=0.4, plan=SHORT, network=tiny)
    folder = tmp_path / "m"
    network = tiny({"category": 3, "audience": 2})
    network.load_state_dict(read_weights(folder / "m.safetensors"))
    pixels = np.random.default_rng(0).uniform(-1, 1, (3, 3, 32, 32)).astype(np.float32)
    with torch.inference_mode():
        wanted = network.eval()(torch.from_numpy(pixels)).numpy()
    given = run_graph(folder / "m.onnx", {"pixels": pixels})
    assert (given * wanted).sum(1) == pytest.approx(1, abs=1e-4)

    spec = find_spec(str(folder / "m.toml"))
    assert (spec.dim, spec.input.side, spec.trainable) == (16 + 3 + 2, 32, "file:m.safetensors")
    assert spec.shares == {"category": 0.5, "audience": 0.5}
    reader = open_attributes(spec.path)
    assert reader is not None
    assert {name: head.labels for name, head in reader.heads.items()} == {
        "category": ("flag", "scarf", "towel"),
        "audience": ("Men", "Women"),
    }
    shown = decode((cloths.parent / "30-0.png").read_bytes())  # from the middle third of the hues
    (guess,) = reader.read(open_image_embedder(spec.path).embed([shown]))
    assert guess["category"].value == "flag"


def test_a_model_that_is_no_better_is_refused_and_stays_a_candidate(cloths: Path, tmp_path: Path) -> None:
    coloured = replace(OUTLINES, colour="garment-colours", weights={"image": 0.01, "colour": 1.0})
    before = write_marker(tmp_path)
    done = train_embedder(
        cloths, tmp_path, current=coloured, hold_out=0.4, plan=replace(SHORT, steps=1), network=tiny
    )
    assert done.verdict is not None
    assert not done.verdict.adopted
    assert done.spec.parent == tmp_path / "candidate"
    assert done.recipe == tmp_path / "candidate" / "recipe.toml"
    assert (tmp_path / "recipe.toml").read_text() == before  # what was adopted earlier stays
    assert json.loads((tmp_path / "candidate" / "evaluation.json").read_text())["questions"]


def write_marker(folder: Path) -> str:
    (folder / "recipe.toml").write_text("# adopted last week\n")
    return "# adopted last week\n"


def test_the_same_seed_makes_the_same_model(cloths: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train_classifier_tiny(cloths, tmp_path / name, steps=8)
    one, two = (read_weights(tmp_path / name / f"{name}.safetensors") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def train_classifier_tiny(catalogue: Path, out: Path, *, steps: int) -> Outcome:
    return train_classifier(
        catalogue, "category", out, network="cnn-28", hold_out=0.3, plan=Plan(steps=steps, size=24, seed=3)
    )


def test_the_small_network_has_the_document_s_weights_and_learns_a_column(cloths: Path, tmp_path: Path) -> None:
    assert sum(parameter.numel() for parameter in cnn_28(141).parameters()) == 231_053
    assert tuple(cnn_28(141)(torch.zeros(2, 3, 28, 28)).shape) == (2, 512)
    grey = cnn_28(5).eval()
    red, as_bright = torch.zeros(1, 3, 28, 28), torch.full((1, 3, 28, 28), 0.299)
    red[:, 0] = 1.0
    assert torch.allclose(grey(red), grey(as_bright), atol=1e-5)  # it sees no colour

    done = train_classifier_tiny(cloths, tmp_path / "kinds", steps=60)
    fallen = [
        row["loss"] for row in json.loads((tmp_path / "kinds" / "training" / "curves.json").read_text())["losses"]
    ]
    assert np.mean(fallen[-10:]) < 0.95 * np.mean(fallen[:10])
    assert list(done.figures) == ["step", "accuracy", "accuracy on what was trained on", "held-out loss"]
    spec = tomllib.loads(done.spec.read_text())
    assert (spec["dim"], spec["input"]["side"]) == (512, 28)
    named = json.loads((tmp_path / "kinds" / "kinds.category.json").read_text())
    assert named["classes"] == ["flag", "scarf", "towel"]
    features = open_image_embedder(str(done.spec)).embed([np.full((48, 48, 3), 90, np.uint8)])
    assert run_graph(tmp_path / "kinds" / "kinds.category.onnx", {"features": features}).shape == (1, 3)
    index(cloths, tmp_path / "store", recipe=replace(Recipe.from_file(done.recipe), text="none"))


def test_triplets_bring_views_of_a_thing_together(cloths: Path, tmp_path: Path) -> None:
    done = train_siamese(
        tmp_path,
        source=cloths,
        hold_out=0.4,
        plan=replace(SHORT, steps=80, rate=2e-3),
        network=lambda heads: siamese(tiny_trunk(), width=24, dim=8),
    )
    curves = json.loads((tmp_path / "training" / "curves.json").read_text())
    assert curves["losses"][-1]["triplet loss"] < 0.8 * curves["losses"][0]["triplet loss"]
    assert done.figures["same product"] > 0.3  # by chance: 1 of 40 or so
    assert find_spec(str(done.spec)).dim == 8


def test_triplets_come_from_one_place(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="a catalogue or from looks: give one"):
        train_siamese(tmp_path)


def test_a_training_goes_on_from_a_model_that_was_made_here(cloths: Path, tmp_path: Path, tiny_lite: None) -> None:
    said: list[str] = []
    folder = tmp_path / "a"
    first = train_embedder(cloths, folder, current=OUTLINES, hold_out=0.4, plan=SHORT, network=tiny)
    second = train_embedder(
        cloths,
        tmp_path / "b",
        current=OUTLINES,
        start=str(first.spec),
        hold_out=0.4,
        plan=replace(SHORT, steps=1, rate=1e-9),
        around=Surroundings(say=said.append),
    )
    assert "beginning with the weights of a" in said
    one, two = (read_weights(p.spec.with_suffix(".safetensors")) for p in (first, second))
    assert torch.allclose(one["neck.0.weight"], two["neck.0.weight"], atol=1e-6)


@pytest.fixture
def tiny_lite(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny trunk in the place of EfficientNet-lite0's, whose weights take seconds to run."""
    monkeypatch.setattr(
        beginning,
        "garment_encoder",
        lambda heads, dim=16: garment_encoder(heads, trunk=tiny_trunk(), width=24, dim=dim),
    )


def test_a_model_without_weights_to_train_on_gives_way_only_where_it_is_the_default(
    tiny_lite: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with pytest.raises(ModelError, match="efficientnet-lite0 has no weights to train on"):
        beginning.encoder_from("efficientnet-lite0", {"kind": 3}, say=said.append)
    monkeypatch.setattr(beginning, "_trainable", lambda spec: None)
    beginning.encoder_from("default", {"kind": 3}, say=said.append)
    assert "beginning with EfficientNet-lite0's of ImageNet" in said[0]


def test_weights_of_a_published_resnet_fit_and_others_are_refused(tmp_path: Path) -> None:
    small = resnet(blocks=(1, 1), width=8)
    assert tuple(small(torch.zeros(1, 3, 32, 32)).shape) == (1, 64, 4, 4)
    names = set(resnet(blocks=(1,), width=4).state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.downsample.0.weight", "layer1.0.conv3.weight"} <= names
    save_weights(small.state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="holds another network"):
        beginning.siamese_from(tmp_path / "other.safetensors", dim=8, say=lambda words: None)


def test_steps_and_minutes_are_one_too_many(cloths: Path, tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="9 steps and 2 minutes: a training takes one or the other"):
        train_classifier(cloths, "category", tmp_path, network="cnn-28", plan=Plan(steps=9, minutes=2))


def test_a_column_may_have_any_name(cloths: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "cloths.csv"
    renamed.write_text(cloths.read_text().replace("category", "Kind/of v.1"), encoding="utf-8")
    plan, around = Plan(steps=1, side=32), Surroundings(images=cloths.parent)
    assert garment_encoder({"Kind/of v.1": 3}, trunk=tiny_trunk(), width=24).classify(torch.zeros(1, 512))
    train_classifier(renamed, "Kind/of v.1", tmp_path / "k", network="cnn-28", plan=plan, around=around)
    assert (tmp_path / "k" / "k.Kind-of-v-1.onnx").is_file()


def test_nothing_held_out_means_nothing_can_be_adopted(cloths: Path, tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="can only be adopted by what it never saw"):
        train_embedder(cloths, tmp_path, hold_out=0.0)
