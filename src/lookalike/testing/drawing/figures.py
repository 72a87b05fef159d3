"""Figures: people dressed in products of the shop, drawn by the same code as the packshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lookalike.testing.drawing.accessories import worn_belt
from lookalike.testing.drawing.bodies import Body, body
from lookalike.testing.drawing.canvas import Canvas, Window
from lookalike.testing.drawing.outlines import bounds, ellipse, joined, mirrored, spline, tube
from lookalike.testing.drawing.people import (
    HAIRS,
    SKINS,
    Looks,
    bare,
    face,
    feet,
    hair_behind,
    hair_front,
    hands,
    head_centre,
)
from lookalike.testing.drawing.pieces import Piece, placed
from lookalike.testing.drawing.scenes import scene
from lookalike.testing.drawing.styles import Style
from lookalike.testing.drawing.wardrobe import ARTICLES

if TYPE_CHECKING:
    import numpy.typing as npt

    from lookalike.types import Mask, Pixels

WIDTH, HEIGHT = 400, 640
_BODY = 255  # the owner of skin and hair while a figure is drawn
_LEAST_SEEN = 0.0004  # a garment that shows less of itself than this share of the picture is left out of the truth
_LIFTS = {"cap": 5.0, "beanie": 2.2, "hat": 5.0, "bucket hat": 5.6}  # how far above the forehead each sits


@dataclass(frozen=True, slots=True)
class Worn:
    """One product on a figure."""

    product_id: str
    style: Style
    colour: str


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A drawn person: the picture, and what each of its pixels shows."""

    pixels: Pixels
    owners: npt.NDArray[np.uint8]  # (height, width), the number of the garment; 0 for none
    garments: tuple[Worn, ...]  # number 1 is the first
    body: Mask  # skin and hair


def drawn(outfit: Mapping[str, Worn], *, kind: str, seed: int, place: str) -> Figure:
    """Draw a person of that kind wearing the outfit (slot to product) in front of a scene."""
    random = np.random.default_rng(seed)
    form = _pose(kind, outfit, random)
    looks = _looks(kind, random, seed)
    tall = form.sole + 40 * form.head
    window = _window(form, tall)
    canvas = Canvas(scene(place, WIDTH, HEIGHT, seed=seed))
    canvas.shadow(ellipse(0, form.sole + 0.5, 30 * form.sole / 146, 3.6), window, blur=2.4, strength=0.5)
    garments = tuple(outfit.values())
    numbers = {slot: number for number, slot in enumerate(outfit, start=1)}
    for piece, slot in _layers(form, looks, outfit):
        canvas.draw(piece, window, owner=numbers.get(slot, 0) if slot else _BODY)
    owners = canvas.owners()
    is_body = owners == _BODY
    return _without_hidden(Figure(canvas.finished(), np.where(is_body, np.uint8(0), owners), garments, is_body))


def _window(form: Body, tall: float) -> Window:
    zoom = HEIGHT * (0.90 if form.sole > 120 else 0.84) / tall
    return Window(zoom, WIDTH / 2, HEIGHT * 0.955 - zoom * form.sole)


def _pose(kind: str, outfit: Mapping[str, Worn], random: np.random.Generator) -> Body:
    spread = (float(random.uniform(0.17, 0.26)), float(random.uniform(0.17, 0.26)))
    bend = [float(random.uniform(0.04, 0.16)), float(random.uniform(0.04, 0.16))]
    if "bag" in outfit:
        spread = (spread[0], 0.27)
        bend[1] = 0.05
    elif random.uniform() < 0.4:
        spread = (0.62, spread[1])  # hand on the hip
        bend[0] = 1.28
    return body(
        kind,
        spread=spread,
        bend=(bend[0], bend[1]),
        stance=float(random.uniform(0.8, 2.6)),
        step=float(random.uniform(-0.8, 0.8)),
    )


def _looks(kind: str, random: np.random.Generator, seed: int) -> Looks:
    styles = {
        "woman": ("bob", "long", "bun", "afro", "ponytail", "wavy"),
        "man": ("short", "crop", "afro", "short"),
        "child": ("bob", "short", "ponytail", "crop", "wavy"),
    }[kind]
    skin = int(seed % len(SKINS))
    hair = int(random.integers(0, 3 if skin > 2 else len(HAIRS)))
    return Looks(SKINS[skin], HAIRS[hair], styles[int(random.integers(0, len(styles)))])


def _pieces(worn: Worn, form: Body) -> list[Piece]:
    article = ARTICLES[worn.style.article]
    return article.draw(form, worn.style.cut, worn.style.cloth(worn.colour), False)


def _layers(form: Body, looks: Looks, outfit: Mapping[str, Worn]) -> list[tuple[Piece, str]]:
    """Every piece with the slot that it belongs to, from the back to the front."""
    clothes = {slot: _dressed(slot, worn, form, outfit) for slot, worn in outfit.items()}
    stack: list[tuple[Piece, str]] = [(piece, "") for piece in hair_behind(form, looks)]
    rigid = ("bag", "headwear", "footwear", "glasses", "watch")
    for slot, pieces in clothes.items():
        if slot not in rigid:
            stack += [(piece, slot) for piece in pieces if piece.behind]
    stack += [(piece, slot) for slot in ("headwear",) for piece in clothes.get(slot, []) if piece.behind]
    stack += [(piece, "") for piece in (*bare(form, looks), *feet(form, looks))]
    fronts = {slot: [piece for piece in pieces if not piece.behind] for slot, pieces in clothes.items()}
    order = ["bottomwear", "footwear"] if _boots_over(outfit) else ["footwear", "bottomwear"]
    for slot in order:
        stack += [(piece, slot) for piece in fronts.get(slot, [])]
    if _tucked(outfit):
        at = next(n for n, (_, slot) in enumerate(stack) if slot == "bottomwear" and not _.behind)
        stack[at:at] = [(piece, "topwear") for piece in fronts.pop("topwear", [])]
    stack += [(piece, "") for piece in hands(form, looks)]
    for slot in ("watch", "topwear", "one-piece", "belt", "outerwear"):
        stack += [(piece, slot) for piece in fronts.get(slot, [])]
    stack += [(piece, slot) for slot in ("bag",) for piece in clothes.get(slot, [])]
    stack += [(piece, "") for piece in face(form, looks)]
    stack += [(piece, "") for piece in hair_front(form, looks, covered="headwear" in outfit)]
    for slot in ("scarf", "glasses", "headwear"):
        stack += [(piece, slot) for piece in fronts.get(slot, [])]
    return stack


def _tucked(outfit: Mapping[str, Worn]) -> bool:
    """Whether the top is worn inside: with a belt, or a skirt."""
    return "bottomwear" in outfit and ("belt" in outfit or outfit["bottomwear"].style.article == "skirt")


def _boots_over(outfit: Mapping[str, Worn]) -> bool:
    shoes, legs = outfit.get("footwear"), outfit.get("bottomwear")
    return bool(
        shoes
        and legs
        and shoes.style.cut.extras & {"tall", "rain"}
        and legs.style.cut.detail in ("", "skinny", "slim")
    )


def _dressed(slot: str, worn: Worn, form: Body, outfit: Mapping[str, Worn]) -> list[Piece]:
    """The product's pieces where they are worn."""
    if slot == "belt":
        return worn_belt(form, worn.style.cloth(worn.colour), form.waist + 7)
    if slot == "topwear" and _tucked(outfit):
        inside = replace(worn.style.cut, length=form.waist + 4 - form.hip, flare=0.0)
        worn = replace(worn, style=replace(worn.style, cut=inside))
    pieces = _pieces(worn, form)
    if (slot == "outerwear" and "topwear" in outfit) or (slot == "outerwear" and "one-piece" in outfit):
        return _opened(pieces)
    if slot == "footwear":
        return [piece for side in (-1, 1) for piece in _shod(pieces, form, side)]
    if slot == "bag":
        return _in_hand(pieces, form, worn)
    if slot == "headwear":
        size = form.head * 1.06
        lift = _LIFTS[worn.style.article] * size
        return placed(pieces, shift=(0.0, head_centre(form)[1] - lift), scale=(size, size))
    if slot == "glasses":
        return placed(pieces, shift=(0.0, -18.7 * form.head), scale=(0.86 * form.head, 0.86 * form.head))
    if slot == "watch":
        return _on_wrist(pieces, form, worn)
    return pieces


def _on_wrist(pieces: list[Piece], form: Body, worn: Worn) -> list[Piece]:
    """The dial on a band across the left wrist."""
    _, (ex, ey), (x, y) = form.arms[0]
    turn = float(np.arctan2(y - ey, x - ex)) - np.pi / 2
    half = 2.9 * form.limb
    band = tube(joined([(-half, 0.0), (half, 0.0)]), [0.95])
    strap = Piece(band, worn.style.cloth(worn.colour), rounding=0.8, drape=0)
    dial = [piece for piece in pieces if max(map(abs, bounds([piece.outline]))) < 3]
    return placed([strap, *dial], shift=(x, y), scale=(0.95, 0.95), turn=turn)


def _shod(pieces: list[Piece], form: Body, side: int) -> list[Piece]:
    """A shoe on a foot that is turned outwards, so its profile is seen foreshortened."""
    size = 1.0 if form.neck > 4.6 else 0.76
    x = form.legs[side > 0][2][0]
    return placed(pieces, shift=(x - side * 4.1 * size, form.sole), scale=(side * 0.66 * size, 0.86 * size))


def _in_hand(pieces: list[Piece], form: Body, worn: Worn) -> list[Piece]:
    _, elbow, wrist = form.arms[1]
    reach = np.hypot(wrist[0] - elbow[0], wrist[1] - elbow[1])
    grip = (wrist[0] + (wrist[0] - elbow[0]) / reach * 9 - 0.6, wrist[1] + (wrist[1] - elbow[1]) / reach * 9)
    size = 0.82 if form.neck > 4.6 else 0.6
    return placed(sorted(pieces, key=lambda piece: not piece.behind), shift=grip, scale=(size, size))


def _opened(pieces: list[Piece]) -> list[Piece]:
    """A jacket worn open: a gap down the front, its fastening gone, its lapels to the sides."""
    gap = joined(
        mirrored(spline((3.0, -12.0), (4.2, 4), (5.4, 26), (7.2, 60), (9.5, 130))),
        spline((3.0, -12.0), (4.2, 4), (5.4, 26), (7.2, 60), (9.5, 130)),
    )
    out = []
    for piece in pieces:
        left, top, right, bottom = bounds([piece.outline])
        if piece.behind:
            out.append(piece)
        elif left < -10 and right > 10:
            out.append(replace(piece, holes=(*piece.holes, gap)))
        elif abs(left + right) / 2 < 1.4 or (right - left < 2.6 and abs(left + right) < 13 and bottom - top < 3):
            continue
        elif min(abs(left), abs(right)) < 3.6:
            out.extend(placed([piece], shift=(3.4 if left + right > 0 else -3.4, 0.0)))
        else:
            out.append(piece)
    return out


def _without_hidden(figure: Figure) -> Figure:
    """The figure with the garments renumbered that can be seen."""
    counts = np.bincount(figure.owners.ravel(), minlength=len(figure.garments) + 1)[1:]
    seen = [
        number
        for number, count in enumerate(counts[: len(figure.garments)])
        if count >= _LEAST_SEEN * figure.owners.size
    ]
    renumber = np.zeros(len(figure.garments) + 1, np.uint8)
    for new, old in enumerate(seen, start=1):
        renumber[old + 1] = new
    garments = tuple(figure.garments[number] for number in seen)
    return Figure(figure.pixels, renumber[figure.owners], garments, figure.body)
