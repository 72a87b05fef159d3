"""Photographs of figures who wear the small shop, and a segmenter that tells what they wear by its colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from small_shop import COLOURS, draw

from lookalike.types import Pixels

GROUND, SKIN = (225, 225, 225), (205, 160, 130)
LABELS = ("background", "person", "topwear", "bottomwear", "bag", "footwear")
_SHOWN = (GROUND, SKIN, COLOURS["red"], COLOURS["blue"], COLOURS["green"], COLOURS["black"])  # of each label
_SHARP = 60.0


def figure(*, bag: bool = True) -> Pixels:
    """Head to feet in the red shirt, the blue trousers, black shoes and the green bag.  # (320, 160, 3)"""
    pixels = np.full((320, 160, 3), GROUND, np.uint8)
    y, x = np.mgrid[0:320, 0:160]
    pixels[((x - 80) / 15) ** 2 + ((y - 30) / 18) ** 2 < 1] = SKIN
    pixels[45:64, 72:88] = SKIN
    pixels[110:160, 62:98] = SKIN
    _wear(pixels, "trousers", "blue", top=140, left=44)
    _wear(pixels, "shirt", "red", top=46, left=44)
    pixels[80:146, 50:59] = SKIN
    pixels[80:146, 101:110] = SKIN
    pixels[222:234, 56:76] = COLOURS["black"]
    pixels[222:234, 84:104] = COLOURS["black"]
    if bag:
        _wear(pixels, "bag", "green", top=112, left=86)
    return pixels[:270]


def beside(*figures: Pixels) -> Pixels:
    """Several figures on one photograph."""
    gap = np.full((figures[0].shape[0], 40, 3), GROUND, np.uint8)
    return np.concatenate([part for one in figures for part in (gap, one)] + [gap], axis=1)


def segmenter(folder: Path) -> str:
    """The path to the spec of a network of one layer: each pixel is what has the nearest colour."""
    colours = np.asarray(_SHOWN, np.float32) / 255
    weights = (2 * _SHARP * colours)[:, :, None, None]
    constants = {"w": weights, "b": -_SHARP * (colours**2).sum(axis=1)}
    nodes = [
        helper.make_node("Conv", ["pixels", "w", "b"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["shares"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("shares", TensorProto.FLOAT, [1, len(LABELS), "h", "w"])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(made, folder / "colours.onnx")
    names = ", ".join(f'"{label}"' for label in LABELS)
    spec = folder / "colours.toml"
    spec.write_text(
        'name = "colours"\nrole = "segmenter"\nkind = "onnx-regions"\nsummary = "s"\nlicence = "MIT"\n'
        f'weights = "file:colours.onnx"\nlabels = [{names}]\n'
        "[input]\nside = 256\nmean = [0.0, 0.0, 0.0]\nstd = [1.0, 1.0, 1.0]\n"
    )
    return str(spec)


def _wear(pixels: Pixels, kind: str, colour: str, *, top: int, left: int) -> None:
    garment = draw(kind, colour)
    on = (garment != 255).any(axis=2)
    part = pixels[top : top + garment.shape[0], left : left + garment.shape[1]]
    part[on] = garment[on]
