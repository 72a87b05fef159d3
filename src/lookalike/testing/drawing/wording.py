"""Wording: titles and descriptions as a shop's copywriter would write them."""

from __future__ import annotations

import numpy as np

from lookalike.testing.drawing.styles import Style

_OPENINGS = {
    "topwear": (
        "An easy layer that goes with almost everything in the wardrobe.",
        "The kind of top you reach for without thinking.",
        "Cut to sit well on its own or under a jacket.",
        "A favourite from last year, now with a better neckline.",
        "Made for long days and short packing lists.",
    ),
    "outerwear": (
        "Built for weather that cannot make up its mind.",
        "A jacket that finishes an outfit instead of hiding it.",
        "Room for a jumper underneath, and still a clean line.",
        "Warm where it counts and light everywhere else.",
    ),
    "bottomwear": (
        "A fit that stays put from the first coffee to the last train.",
        "The pair that makes getting dressed simple.",
        "Clean lines in front, useful pockets where you need them.",
        "Cut with enough room to move and none to spare.",
    ),
    "one-piece": (
        "One piece, and you are dressed.",
        "Moves when you do and needs no ironing board to look its best.",
        "Pretty with sandals, just as good with trainers.",
        "An occasion piece that also works on an ordinary Tuesday.",
    ),
    "footwear": (
        "Comfortable from the box, better after a week.",
        "A cushioned insole and a sole that grips in the rain.",
        "Made on a slightly wider last, so toes have space.",
        "The pair to leave by the door.",
    ),
    "bag": (
        "Holds more than it looks, and looks better each season.",
        "An inside pocket for keys, an outside one for everything urgent.",
        "Carry it by hand or on the shoulder.",
    ),
    "headwear": (
        "Keeps its shape in a pocket.",
        "A small thing that changes the whole outfit.",
        "Shade, warmth or just a bad hair day: covered.",
    ),
    "accessory": (
        "The finishing touch, and a good present.",
        "A detail people notice.",
        "Understated, well made, worn every day.",
    ),
}
_FABRICS = (
    "{material}, {finish}.",
    "Made from {material_low} with {finish}.",
    "We chose {material_low} here: {finish}.",
    "The {material_low} is {soft}, and there is {finish}.",
)
_FINISHES = {
    "topwear": (
        "a finish that stays soft in the wash",
        "double-stitched seams",
        "taped shoulders",
        "a neat narrow hem",
    ),
    "outerwear": ("a smooth full lining", "sturdy hardware", "deep pockets", "seams that keep the wind out"),
    "bottomwear": (
        "a waistband that does not gape",
        "reinforced pockets",
        "a touch of stretch for comfort",
        "bar tacks at the stress points",
    ),
    "one-piece": (
        "a concealed side zip",
        "pockets in the side seams",
        "a light lining to the knee",
        "a waist that can be let out",
    ),
    "footwear": ("a stitched sole", "a padded collar", "a breathable lining", "a removable insole"),
    "bag": ("solid metal fittings", "a cotton lining", "hand-finished edges", "a base that stands by itself"),
    "headwear": ("a soft inner band", "an adjustable fit", "tidy flat seams"),
    "accessory": ("careful stitching", "a gift box included", "fittings free of nickel"),
}
_SEASONS = {
    "Summer": ("Light enough for hot days.", "Pack it for the beach and the evening after."),
    "Winter": ("Warm without the bulk.", "For frost, sleet and draughty platforms."),
    "Autumn": ("Right for the first cool mornings.", "Layer it as the leaves come down."),
    "Spring": ("For the weeks between coat and no coat.",),
    "All year": ("Works in every season.", "Good to have all year round.", ""),
}
_USES = {
    "Office": ("Smart enough for the meeting, relaxed enough for the walk home.", "Office-ready."),
    "Sport": ("Dries fast and keeps up with your training.", "Tested on the track and on the sofa."),
    "Outdoor": ("Happy on a muddy path.", "Made with walkers, for walkers."),
    "Party": ("Made for evenings that run late.", "Dress it up, turn it up."),
    "Casual": ("", "Dress it down with denim.", "An everyday essential."),
}
_PATTERNS = {
    "striped": "stripes",
    "pinstriped": "a fine stripe",
    "checked": "a woven check",
    "gingham": "gingham squares",
    "dotted": "polka dots",
    "floral": "an all-over flower print",
    "leopard": "leopard spots",
    "colour-block": "blocks of colour",
    "camouflage": "a camouflage print",
    "tie-dye": "a hand-dyed swirl",
    "print": "a graphic on the front",
}


def title(style: Style, colour: str, *, seed: int) -> str:
    """A product's title; shops do not all put the colour in the same place."""
    name = colour.title().replace(" And ", "/")
    forms = (
        f"{style.name} in {name}",
        f"{style.brand} {style.name} – {name}",
        f"{style.audience}'s {style.name}, {name}",
        f"{style.name} ({name})",
    )
    if style.audience == "Unisex":
        forms = (forms[0], forms[1], forms[0], forms[3])
    return forms[seed % len(forms)]


def description(style: Style, colour: str, *, seed: int) -> str:
    """Two to four sentences of plain text. Variants of a style share their wording but for the colour."""
    random = np.random.default_rng(seed)

    def one(options: tuple[str, ...]) -> str:
        return options[int(random.integers(0, len(options)))]

    material = style.material
    soft = one(("soft to the touch", "easy to care for", "chosen to last", "pleasantly light"))
    fabric = one(_FABRICS).format(
        material=material, material_low=material.lower(), finish=one(_FINISHES[style.label]), soft=soft
    )
    pattern = _PATTERNS.get(style.pattern)
    shade = one(("In {c}{p}.", "Shown here in {c}{p}.", "This one comes in {c}{p}.", "Colour: {c}{p}."))
    looks = shade.format(c=colour, p=f" with {pattern}" if pattern else "")
    sentences = [one(_OPENINGS[style.label]), fabric, one(_SEASONS[style.season]), looks, one(_USES[style.usage])]
    if random.uniform() < 0.4:
        sentences[0], sentences[1] = sentences[1], sentences[0]
    return " ".join(sentence for sentence in sentences if sentence)
