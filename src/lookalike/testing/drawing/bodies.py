"""Bodies: where neck, arms and legs are. Garments are cut for a body, so a packshot and a wearer share one cut.

The pit of the neck is (0, 0); right means the viewer's right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lookalike.testing.drawing.outlines import Dot, Points, spline

Limb = tuple[Dot, Dot, Dot]  # shoulder, elbow, wrist, or hip, knee, ankle


@dataclass(frozen=True, slots=True)
class Body:
    """Measures and pose of a wearer, or of the invisible form that packshots are taken on."""

    sides: tuple[Dot, ...]  # height of a line across the body, and half its width there
    neck: float  # half its width
    shoulder: Dot  # tip of the right shoulder
    waist: float  # heights from here on
    hip: float
    crotch: float
    sole: float
    arms: tuple[Limb, Limb]  # left, right
    legs: tuple[Limb, Limb]
    limb: float = 1.0  # how thick arms and legs are
    head: float = 1.0  # size of the head

    def half(self, height: float) -> float:
        """Half the body's width at that height."""
        heights, widths = zip(*self.sides, strict=True)
        return float(np.interp(height, heights, widths))

    def arm(self, side: int) -> Points:
        """The line through the arm on the left (-1) or right (1)."""
        return spline(*self.arms[side > 0], steps=16)

    def leg(self, side: int) -> Points:
        """The line through the leg on the left (-1) or right (1)."""
        return spline(*self.legs[side > 0], steps=16)


_SIDES = {
    "woman": ((0, 14.5), (14, 15.4), (20, 15.6), (30, 13.4), (38, 12.4), (46, 14.8), (56, 17.6), (64, 17.8)),
    "man": ((0, 17), (14, 18.6), (20, 18.4), (30, 16.8), (38, 15.8), (46, 16.2), (56, 17.2), (64, 17.2)),
    "child": ((0, 11), (11, 12.0), (15, 12.0), (22, 11.6), (28, 11.4), (34, 12.0), (41, 13.0), (47, 13.2)),
}
_FRAME = {  # neck, shoulder x and y, waist, hip, crotch, knee, ankle, sole, arm, limb, head
    "woman": (5.0, 17.4, 3.9, 38, 56, 64, 101, 137, 146, 54, 0.94, 1.0),
    "man": (6.2, 20.2, 4.6, 40, 57, 65, 104, 142, 151, 58, 1.12, 1.09),
    "child": (4.3, 13.4, 3.2, 28, 41, 47, 73, 97, 104, 40, 0.82, 0.93),
}


def body(
    kind: str = "woman",
    *,
    spread: tuple[float, float] = (0.30, 0.30),
    bend: tuple[float, float] = (0.06, 0.06),
    stance: float = 1.0,
    step: float = 0.0,
) -> Body:
    """A body of that kind. Arms stand off by `spread` and bend by `bend` (radians; left, right);
    `stance` widens the legs and `step` shifts one knee."""
    neck, sx, sy, waist, hip, crotch, knee, ankle, sole, arm, limb, head = _FRAME[kind]

    def arm_of(side: int) -> Limb:
        out, more = spread[side > 0], bend[side > 0]
        start = (side * (sx - 3.2 * limb), sy + 3.2)
        upper, lower = arm * 0.52, arm * 0.48
        elbow = (start[0] + side * np.sin(out) * upper, start[1] + np.cos(out) * upper)
        wrist = (elbow[0] + side * np.sin(out - more) * lower, elbow[1] + np.cos(out - more) * lower)
        return start, elbow, wrist

    def leg_of(side: int) -> Limb:
        base = _SIDES[kind][-1][1] * 0.52
        return (
            (side * base, crotch - 2),
            (side * (base + 0.6 * stance) + step * (side > 0), knee),
            (side * (base + 1.6 * stance), ankle),
        )

    return Body(
        _SIDES[kind], neck, (sx, sy), waist, hip, crotch, sole,
        (arm_of(-1), arm_of(1)), (leg_of(-1), leg_of(1)), limb, head,
    )  # fmt: skip
