"""Graphs that end in a classifier are tapped before it; graphs that cannot be run say so in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lookalike.errors import ModelError
from lookalike.models.embedders import OnnxImageEmbedder
from lookalike.models.graphs import with_pooled_output
from lookalike.models.session import Session
from lookalike.models.specs import ModelSpec, read_spec
from lookalike.types import Pixels

CHANNELS, CLASSES = 6, 4


def classifier(*, flat: str = "Flatten", last: str = "Gemm", pooled: bool = True, softmax: bool = False) -> bytes:
    """conv -> global average -> flatten or reshape -> linear layer, with weights from a fixed seed."""
    random = np.random.default_rng(0)
    weights = {
        "kernel": random.standard_normal((CHANNELS, 3, 3, 3)).astype(np.float32),
        "linear": random.standard_normal((CHANNELS, CLASSES)).astype(np.float32),
        "bias": random.standard_normal(CLASSES).astype(np.float32),
        "shape": np.array([0, -1], np.int64),
    }
    nodes = [helper.make_node("Conv", ["pixels", "kernel"], ["map"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])]
    nodes.append(helper.make_node("GlobalAveragePool" if pooled else "Relu", ["map"], ["pool"]))
    if flat == "Reshape":
        nodes.append(helper.make_node("Reshape", ["pool", "shape"], ["features"]))
    else:
        nodes.append(helper.make_node("Flatten", ["pool"], ["features"]))
    if last == "Gemm":
        nodes.append(helper.make_node("Gemm", ["features", "linear", "bias"], ["logits"]))
    elif last == "MatMul":
        nodes.append(helper.make_node("MatMul", ["features", "linear"], ["product"]))
        nodes.append(helper.make_node("Add", ["product", "bias"], ["logits"]))
    else:
        nodes.append(helper.make_node("Relu", ["features"], ["logits"]))
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["chances"]))
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("chances" if softmax else "logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("flat", ["Flatten", "Reshape"])
@pytest.mark.parametrize("last", ["Gemm", "MatMul"])
@pytest.mark.parametrize("softmax", [False, True])
def test_the_features_before_the_classifier_are_tapped(
    tmp_path: Path, flat: str, last: str, softmax: bool
) -> None:
    data = classifier(flat=flat, last=last, softmax=softmax)
    tapped, name = with_pooled_output(data)
    assert name == "features"
    pixels = np.random.default_rng(1).standard_normal((2, 3, 8, 8)).astype(np.float32)
    features = Session(written(tmp_path / "m.onnx", data), output="pooled").run({"pixels": pixels})
    assert features.shape == (2, CHANNELS)
    before, after = onnx.load_from_string(data), onnx.load_from_string(tapped)
    assert before.graph.node == after.graph.node
    assert before.graph.initializer == after.graph.initializer
    assert [o.name for o in after.graph.output] == [*(o.name for o in before.graph.output), "features"]
    logits = Session(tmp_path / "m.onnx").run({"pixels": pixels})
    if not softmax:
        linear, bias = (numpy_helper.to_array(t) for t in before.graph.initializer[1:3])
        np.testing.assert_allclose(features @ linear + bias, logits, atol=1e-5)


def test_tapping_twice_is_tapping_once() -> None:
    once, name = with_pooled_output(classifier())
    assert with_pooled_output(once) == (once, name)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (classifier(last="none"), r"does not end in one linear layer.*name its `output` in the spec"),
        (classifier(pooled=False), r"is not pooled: name its `output` in the spec"),
        (b"", "does not end in one linear layer"),
        (b"\xff\xff this is no graph", "is no ONNX file"),
    ],
    ids=["no classifier", "no pooling", "empty", "damaged"],
)
def test_a_graph_that_ends_otherwise_is_an_error_that_names_the_file(
    tmp_path: Path, data: bytes, words: str
) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        Session(written(tmp_path / "mine.onnx", data), output="pooled")
    assert "mine.onnx" in str(caught.value)


def test_a_session_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    good = written(tmp_path / "good.onnx", classifier())
    with pytest.raises(ModelError, match="cannot read the model"):
        Session(tmp_path / "nothing.onnx")
    with pytest.raises(ModelError, match="no ONNX graph that can be run"):
        Session(written(tmp_path / "bad.onnx", b"not a graph"))
    with pytest.raises(ModelError, match="has no output 'features': it has logits"):
        Session(good, output="features")
    session = Session(good)
    with pytest.raises(ModelError, match=r"good\.onnx failed"):
        session.run({"pixels": np.zeros((1, 2, 8, 8), np.float32)})
    with pytest.raises(ModelError, match=r"good\.onnx failed"):
        session.run({})


def test_inputs_that_a_graph_does_not_take_are_left_out(tmp_path: Path) -> None:
    session = Session(written(tmp_path / "m.onnx", classifier()))
    pixels = np.zeros((3, 3, 8, 8), np.float32)
    assert session.run({"pixels": pixels, "mask": pixels}).shape == (3, CLASSES)


def test_running_a_graph_leaves_the_arithmetic_of_the_process_alone(tmp_path: Path) -> None:
    """ONNX Runtime can set the processor to take the smallest numbers for zero, for everyone on the thread."""
    Session(written(tmp_path / "m.onnx", classifier())).run({"pixels": np.zeros((1, 3, 8, 8), np.float32)})
    assert np.float64(5e-324) * np.float64(1.0) > 0


def own_model(folder: Path, *, dim: int = CHANNELS) -> ModelSpec:
    written(folder / "m.onnx", classifier())
    head = 'name = "m"\nrole = "image"\nkind = "onnx-image"\nsummary = "s"\nlicence = "MIT"\n'
    tail = f'dim = {dim}\nweights = "file:m.onnx"\noutput = "pooled"\nbatch = 2\n[input]\nside = 8\n'
    (folder / "m.toml").write_text(head + tail)
    return read_spec(folder / "m.toml")


def test_a_model_of_ones_own_embeds_pictures_of_any_size(tmp_path: Path, pictures: list[Pixels]) -> None:
    embedder = OnnxImageEmbedder(own_model(tmp_path))
    together = embedder.embed(pictures)
    assert together.shape == (3, CHANNELS)
    np.testing.assert_allclose(together, np.vstack([embedder.embed([p]) for p in pictures]), atol=1e-5)


def test_a_spec_with_the_wrong_dim_is_found_out(tmp_path: Path, pictures: list[Pixels]) -> None:
    with pytest.raises(ModelError, match=r"m gave 6 numbers a picture; its spec says dim = 7"):
        OnnxImageEmbedder(own_model(tmp_path, dim=7)).embed(pictures)
