"""Small graphs whose right answer is known: segmenters that tell colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

NAMES = 'labels = ["background", "topwear", "bottomwear"]'


def colour_graph(path: Path, *, softmax: bool, size: tuple[int | str, int | str] = ("h", "w")) -> None:
    """Takes green for topwear, blue for bottomwear, red for neither: its planes are ten times the channels."""
    nodes = [helper.make_node("Mul", ["pixels", "ten"], ["logits"])]
    if softmax:
        nodes.append(helper.make_node("Softmax", ["logits"], ["shares"], axis=1))
    _save(path, nodes, "shares" if softmax else "logits", 3, size, {"ten": np.float32(10)})


def red_graph(path: Path, *, logits: bool = False, planes: int = 1) -> None:
    """The object is what is red: one plane, the red channel; as a logit where that is wanted."""
    nodes = [
        helper.make_node("Slice", ["pixels", "from", "to", "axis"], ["red"]),
        helper.make_node("Sub", ["red", "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "ten"], ["logit"]),
    ]
    ends = {name: np.array([value], np.int64) for name, value in (("from", 0), ("to", planes), ("axis", 1))}
    constants = {"ten": np.float32(10), "half": np.float32(0.5), **ends}
    _save(path, nodes, "logit" if logits else "red", planes, (8, 8), constants)


def _save(
    path: Path,
    nodes: Sequence[NodeProto],
    output: str,
    planes: int,
    size: tuple[int | str, int | str],
    constants: Mapping[str, npt.ArrayLike],
) -> None:
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, *size])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, planes, *size])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def spec(folder: Path, kind: str, more: str = "", *, side: int = 64) -> str:
    """A segmenter of one's own that takes pixels as 0..1; the path to its spec."""
    path = folder / "mine.toml"
    path.write_text(
        f'name = "mine"\nrole = "segmenter"\nkind = "{kind}"\nsummary = "s"\nlicence = "MIT"\n'
        f'weights = "file:mine.onnx"\n{more}\n'
        f"[input]\nside = {side}\nmean = [0.0, 0.0, 0.0]\nstd = [1.0, 1.0, 1.0]\n"
    )
    return str(path)
