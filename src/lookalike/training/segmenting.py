"""What each pixel shows, learned from marked pictures: the task of every segmenter that is trained here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lookalike.evaluate.regions import Confusion
from lookalike.extras import require
from lookalike.media.framing import near_area, resize
from lookalike.media.masks import UNKNOWN
from lookalike.media.scenes import Scene
from lookalike.training.loop import Batch
from lookalike.training.samples import fed

Draw = Callable[[np.random.Generator, int, int], Scene]  # a random view of that width and height
_DICE = 0.7  # what overlap counts beside the cross-entropy of pixels
_HINT = 0.3  # what a picture counts of which only the one class is known that it may show
PORTRAIT = (0.82, 1.22)  # width and height of a canvas, over the root of how many pixels it has
SHAPES = (PORTRAIT, (1.0, 1.0), PORTRAIT, (1.1, 0.91))  # any of these, as users photograph: portraits mostly


class SegmentingTask:
    """The class of each pixel. See `lookalike.training.loop.Task`.

    network: as `unet.unet` makes it. draw: gives the views that are learned from. held: scenes that none of them
    comes from. labels: of the classes, in order. sides: the root of how many pixels a canvas has, first and at the
    end. shapes: of the canvases. balance: how far seldom classes count more, 0..1.
    """

    def __init__(
        self,
        network: Any,
        draw: Draw,
        held: Sequence[Scene],
        labels: Sequence[str],
        *,
        sides: tuple[int, int],
        shapes: Sequence[tuple[float, float]] = SHAPES,
        batch: int = 12,
        frequencies: npt.NDArray[np.float64] | None = None,
        balance: float = 0.35,
    ) -> None:
        self.network, self.labels, self.held = network, tuple(labels), held
        self._draw, self._sides, self._shapes, self._batch = draw, sides, tuple(shapes), batch
        shares = np.full(len(labels), 1.0) if frequencies is None else np.maximum(frequencies, 1e-4)
        weights = shares**-balance
        self._weights = (weights / weights.mean()).astype(np.float32)

    def batch(self, rng: np.random.Generator, share: float) -> Batch:
        side = self._sides[0] if share < 0.6 else self._sides[1]
        wide, tall = self._shapes[int(rng.integers(len(self._shapes)))]
        width, height = (max(32, round(side * by / 32) * 32) for by in (wide, tall))
        views = [self._draw(rng, width, height) for _ in range(self._batch)]
        return {
            "pixels": fed([view.pixels for view in views]),
            "classes": np.stack([view.classes for view in views]).astype(np.int64),
            "allowed": np.asarray([view.allowed for view in views], np.int64),
        }

    def losses(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        torch = require("torch", extra="train", to="train a model")
        functional = torch.nn.functional
        logits = self.network(batch["pixels"])
        weights = torch.from_numpy(self._weights).to(logits.device)
        known = batch["classes"] != UNKNOWN
        lost = functional.cross_entropy(
            logits, batch["classes"], weight=weights, ignore_index=UNKNOWN, reduction="none"
        ).sum((1, 2))
        counted = (weights[batch["classes"].masked_fill(~known, 0)] * known).sum((1, 2))  # (n,)
        is_marked = counted > 0
        named = (lost[is_marked] / counted[is_marked]).sum() / len(counted)  # each picture counts the same
        shares = logits.softmax(1)
        found = {"pixels": named, "overlap": _DICE * _overlap_loss(shares, batch["classes"])}
        hinted = torch.nonzero(batch["allowed"] >= 0)[:, 0]
        if len(hinted):
            found["hints"] = _HINT * _hint_loss(shares[hinted], batch["allowed"][hinted])
        return found

    def validate(self, network: Any) -> dict[str, float]:
        confusion = Confusion(len(self.labels))
        for scene in self.held:
            confusion.add(scene.classes, classes_seen(network, scene.pixels, self._sides[1]))
        ious = confusion.ious()
        by_label = {label: float(iou) for label, iou in zip(self.labels, ious, strict=True) if np.isfinite(iou)}
        return {"mean IoU": confusion.mean_iou(), **by_label}


def classes_seen(network: Any, pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """The likeliest class of each pixel of a picture, by a network on any device.  # (height, width)"""
    torch = require("torch", extra="train", to="train a model")
    device = next(network.parameters()).device
    height, width = pixels.shape[:2]
    with torch.inference_mode():
        tensor = torch.from_numpy(fed([resize(pixels, *near_area(width, height, side))])).to(device)
        logits = network(tensor.contiguous(memory_format=torch.channels_last))
        full = torch.nn.functional.interpolate(logits, size=(height, width), mode="bilinear", align_corners=False)
        classes: npt.NDArray[np.uint8] = full.argmax(1)[0].to(torch.uint8).cpu().numpy()
    return classes


def _overlap_loss(shares: Any, classes: Any) -> Any:
    """One less the mean Dice coefficient of the classes that the batch has. (Milletari et al., V-Net, 3DV 2016)"""
    torch = require("torch", extra="train", to="train a model")
    known = classes != UNKNOWN
    truth = torch.nn.functional.one_hot(classes.masked_fill(~known, 0), shares.shape[1]).permute(0, 3, 1, 2)
    truth = truth * known[:, None]
    shares = shares * known[:, None]
    both = (shares * truth).sum((0, 2, 3))
    total = (shares + truth).sum((0, 2, 3))
    there = truth.sum((0, 2, 3)) > 0
    return 1 - ((2 * both[there] + 1) / (total[there] + 1)).mean() if bool(there.any()) else shares.sum() * 0


def _hint_loss(shares: Any, allowed: Any) -> Any:
    """For pictures of one thing whose outline nobody drew: no pixel shows another garment, and some do show this.

    shares: (n, classes, h, w). allowed: (n,). The pixels that are most like it, a seventh of the picture, are
    taken for it (multiple-instance learning, as Pathak et al., ICLR workshop 2015).
    """
    torch = require("torch", extra="train", to="train a model")
    rows = torch.arange(len(allowed), device=shares.device)
    of_it = shares[rows, allowed]  # (n, h, w)
    fits = (of_it + shares[:, 0]).clamp(1e-4, 1)
    pixels = of_it.flatten(1)
    surest = pixels.topk(max(1, pixels.shape[1] // 7), dim=1).values
    return -fits.log().mean() - surest.clamp(1e-4, 1).log().mean()
