"""The task of segmenters, on drawn scenes that a small U-Net can learn in seconds."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="needs lookalike[train]")
torch = pytest.importorskip("torch", reason="needs lookalike[train]")

from lookalike.evaluate.regions import UNKNOWN  # noqa: E402
from lookalike.media.decoding import decode  # noqa: E402
from lookalike.media.masks import classes_of  # noqa: E402
from lookalike.media.scenes import Scene  # noqa: E402
from lookalike.models import open_segmenter  # noqa: E402
from lookalike.models.session import Session  # noqa: E402
from lookalike.models.specs import find_spec  # noqa: E402
from lookalike.models.weights import find_companion  # noqa: E402
from lookalike.testing import sample_shop  # noqa: E402
from lookalike.training.export import export_segmenter  # noqa: E402
from lookalike.training.loop import Schedule, read_weights, train  # noqa: E402
from lookalike.training.networks import lite0_trunk  # noqa: E402
from lookalike.training.segmenting import SegmentingTask, classes_seen  # noqa: E402
from lookalike.training.unet import second_decoder, unet  # noqa: E402


def drawn(rng: np.random.Generator, width: int, height: int) -> Scene:
    """A red or a green box on grey."""
    pixels, classes = np.full((height, width, 3), 120, np.uint8), np.zeros((height, width), np.uint8)
    label = int(rng.integers(1, 3))
    top, left = int(rng.integers(height // 3)), int(rng.integers(width // 3))
    box = np.s_[top : top + height // 2, left : left + width // 2]
    pixels[box] = (210, 30, 30) if label == 1 else (30, 190, 30)
    classes[box] = label
    return Scene(pixels, classes)


def hinted(rng: np.random.Generator, width: int, height: int) -> Scene:
    scene = drawn(rng, width, height)
    return Scene(scene.pixels, np.full((height, width), UNKNOWN, np.uint8), allowed=int(scene.classes.max()))


def small_task(draw=drawn, batch: int = 4) -> SegmentingTask:
    torch.manual_seed(0)
    held = [drawn(np.random.default_rng(n), 64, 64) for n in range(6)]
    network = unet(lite0_trunk(), 3, widths=(16, 16, 8, 8))
    return SegmentingTask(network, draw, held, ("ground", "red", "green"), sides=(64, 64), batch=batch)


def test_it_learns_what_boxes_look_like(tmp_path: Path) -> None:
    task = small_task()
    train(task, Schedule(steps=30, rate=1e-3, heads=("decoder", "classes"), warmup=5, average=0.8), tmp_path)
    figures = task.validate(task.network)
    assert figures["mean IoU"] > 0.7, figures
    assert set(figures) == {"mean IoU", "ground", "red", "green"}


def test_batches_hang_on_the_seed_alone() -> None:
    one, other = (small_task().batch(np.random.default_rng(4), 0.0) for _ in range(2))
    assert all((one[name] == other[name]).all() for name in one)
    assert one["pixels"].shape[2] % 32 == 0


def test_a_hint_pulls_towards_the_named_class() -> None:
    task = small_task(hinted)
    batch = {name: torch.from_numpy(array) for name, array in task.batch(np.random.default_rng(1), 0.0).items()}
    losses = task.losses(batch)
    assert set(losses) == {"pixels", "overlap", "hints"}
    assert float(losses["hints"].detach()) > 0
    assert torch.isfinite(sum(losses.values()))
    sum(losses.values()).backward()
    assert float(task.network.classes.weight.grad.abs().sum()) > 0


def test_the_graph_takes_any_size_and_gives_shares(tmp_path: Path) -> None:
    network = unet(lite0_trunk(), 3, widths=(16, 16, 8, 8)).eval()
    session = Session(export_segmenter(network, tmp_path / "small.onnx"))
    for height, width in ((64, 96), (160, 32)):
        shares = session.run({"pixels": np.zeros((1, 3, height, width), np.float32)})
        assert shares.shape == (1, 3, height, width)
        assert np.allclose(shares.sum(1), 1, atol=1e-4)


@pytest.mark.parametrize("sure", [-9.0, 0.1, 9.0])
def test_two_decoders_are_mixed_and_one_that_counts_nothing_is_not_asked(tmp_path: Path, sure: float) -> None:
    torch.manual_seed(0)
    network = unet(lite0_trunk(), 3, widths=(16, 16, 8, 8), alone=True).eval()
    torch.nn.init.zeros_(network.alone.worn.weight)
    torch.nn.init.constant_(network.alone.worn.bias, sure)
    with torch.no_grad():
        for part in (network, network.alone):
            part.classes.weight.mul_(30)  # so that each of the two says something of its own
    path = export_segmenter(network, tmp_path / "two.onnx", half=False)
    pixels = np.random.default_rng(3).uniform(-1, 1, (1, 3, 64, 96)).astype(np.float32)
    with torch.inference_mode():
        wanted = network.shares(torch.from_numpy(pixels)).numpy()
        logits = network(torch.from_numpy(pixels)).softmax(1).numpy()
    given = Session(path).run({"pixels": pixels})
    np.testing.assert_allclose(given, wanted, atol=1e-4)
    np.testing.assert_allclose(given.sum(1), 1, atol=1e-4)
    np.testing.assert_allclose(logits, wanted, atol=1e-4)
    poisoned = poison(path, "alone.classes" if sure > 0.5 else "classes")
    harmed = Session(poisoned).run({"pixels": pixels})
    assert np.isfinite(harmed).all() == (abs(sure) > 1), "what counts nothing was not asked"


def poison(path: Path, name: str) -> Path:
    """The same graph with weights of a part that are no numbers."""
    model = onnx.load(str(path))
    for tensor in model.graph.initializer:
        if tensor.name == f"network.{name}.weight":
            values = onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.full_like(values, np.nan), tensor.name))
    poisoned = path.with_name("poisoned.onnx")
    onnx.save(model, str(poisoned))
    return poisoned


def test_a_second_decoder_is_trained_and_nothing_else_is() -> None:
    network = unet(lite0_trunk(), 3, widths=(16, 16, 8, 8), alone=True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    second = second_decoder(network).train()
    optimiser = torch.optim.SGD(second.parameters(), lr=0.1)
    second(torch.rand(2, 3, 64, 64)).square().mean().backward()
    optimiser.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all(name.startswith("alone.") for name in changed)


def test_the_shipped_parser_can_be_trained_further() -> None:
    spec = find_spec("garment-parser")
    network = unet(lite0_trunk(), len(spec.labels), alone=True)
    missing = network.load_state_dict(read_weights(find_companion(spec, spec.trainable)), strict=False)
    assert not missing.unexpected_keys
    assert all(name.endswith("num_batches_tracked") for name in missing.missing_keys)
    pixels = decode(sorted((sample_shop() / "figures").glob("*.jpg"))[0].read_bytes())
    regions = open_segmenter("garment-parser").segment([pixels])[0]
    assert (classes_of(regions) == classes_seen(network.float().eval(), pixels, spec.input.side)).mean() > 0.9


def test_classes_are_seen_at_the_size_of_the_picture() -> None:
    network = unet(lite0_trunk(), 3, widths=(16, 16, 8, 8)).eval()
    assert classes_seen(network, np.zeros((77, 51, 3), np.uint8), 64).shape == (77, 51)
