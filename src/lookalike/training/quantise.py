"""From float32 to int8: half the time and half the file, calibrated on pictures.

Weights take 7 bits a channel (`reduce_range`), so that sums of byte products never saturate on processors without
VNNI: an index made on one machine can be asked on another. (Jacob et al., CVPR 2018; ONNX Runtime's static
quantisation, QDQ format.) The first convolutions stay in float32: they cost little, and rounding what comes first
is felt in all that follows.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.extras import require
from lookalike.media.decoding import decode
from lookalike.media.framing import letterbox
from lookalike.models.specs import ModelSpec

_FINE = 6  # convolutions that stay as they are: all that garments-int8 lost came from them (its card)


def quantise(spec: ModelSpec, graph: Path, pictures: Sequence[Path], out: Path) -> Path:
    """Write the int8 twin of a float32 graph, and return `out`.

    spec: how pictures are fed to it. pictures: what its activations are measured on; a hundred or two that look
    like a catalogue.
    """
    quantization = require("onnxruntime.quantization", extra="train", to="quantise a model")
    preparing = require("onnxruntime.quantization.shape_inference", extra="train", to="quantise a model")
    onnx = require("onnx", extra="train", to="quantise a model")
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, draft = (Path(folder, name) for name in ("plain.onnx", "prepared.onnx", "draft.onnx"))
        _unpack_halves(graph, plain)
        preparing.quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
        quantization.quantize_static(
            str(prepared),
            str(draft),
            _Reader(spec, pictures),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            nodes_to_exclude=convolutions[:_FINE],
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_suffix(".part")
        part.write_bytes(draft.read_bytes())
        part.replace(out)
    return out


class _Reader:
    """What ONNX Runtime's calibration asks for its inputs: one dictionary after the other, then None."""

    def __init__(self, spec: ModelSpec, pictures: Sequence[Path]) -> None:
        self._inputs: Iterator[dict[str, npt.NDArray[np.float32]]] = (
            {"pixels": _tensor(spec, path)} for path in pictures
        )

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        return next(self._inputs, None)


def _tensor(spec: ModelSpec, path: Path) -> npt.NDArray[np.float32]:
    side = spec.input.side
    square = letterbox(decode(path.read_bytes(), at_least=side), side).astype(np.float32) / 255
    fed = (square - np.asarray(spec.input.mean)) / np.asarray(spec.input.std)
    tensor: npt.NDArray[np.float32] = fed.transpose(2, 0, 1)[None].astype(np.float32)
    return tensor  # (1, 3, side, side)


def _unpack_halves(graph: Path, out: Path) -> None:
    """Weights that lie in the file as float16 behind a cast, as float32 again: the quantiser knows only these."""
    onnx = require("onnx", extra="train", to="quantise a model")
    model = onnx.load(graph)
    halves = {tensor.name: tensor for tensor in model.graph.initializer}
    kept: list[Any] = []
    for node in model.graph.node:
        half = halves.get(node.input[0]) if node.op_type == "Cast" else None
        if half is None:
            kept.append(node)
        else:
            whole = onnx.numpy_helper.to_array(half).astype(np.float32)
            model.graph.initializer.append(onnx.numpy_helper.from_array(whole, node.output[0]))
            model.graph.initializer.remove(half)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    onnx.save(model, out)
