"""A recipe at work: pictures and words in, the parts of a vector out.

The write path and the read path go through the same `Encoder`, which is made from a recipe and the reductions
that were fitted on the catalogue. Each part comes out reduced and of unit length; a part that is missing, or
that the recipe leaves out, is absent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

from lookalike.errors import ModelError
from lookalike.media.colour import colour_vectors
from lookalike.media.colour_words import swatch
from lookalike.media.cutout import cut_from
from lookalike.media.framing import letterbox
from lookalike.models.alignment import WordsAsPictures, open_words
from lookalike.models.brands import Brands, brands_named
from lookalike.models.embedders import open_image_embedder, open_text_embedder
from lookalike.models.interfaces import ImageEmbedder, Segmenter, TextEmbedder
from lookalike.models.reduction import Reduction, unit
from lookalike.models.segmenters import open_segmenter
from lookalike.models.specs import find_spec
from lookalike.recipe import Recipe
from lookalike.types import Pixels, Product, Vector, Vectors

PICTURE_PARTS = ("image", "colour")
_TOGETHER = 16  # pictures from which a second thread pays
_ROOM = 2  # times the canvas that a picture is decoded at if only a part of it will fill the canvas
_DESCRIPTION_SHARE = 0.35  # a long description must not drown the title
_DESCRIPTION_CHARACTERS = 400
_BRAND_SHARE = 0.35  # two titles of one brand are not alike for that; see benchmarks/text.py


@dataclass(frozen=True, slots=True)
class Wording:
    """What a product says of itself, in three voices: title with plain facts, description, brand."""

    title: str
    description: str
    brand: str = ""


def wording(product: Product) -> Wording:
    """The words that stand for a product; the brand that it names is taken out of its title."""
    title, _ = brands_named([product.brand]).split(product.title, anywhere=True)
    leaf = product.category.rpartition("/")[2]
    facts = [f for f in (leaf, product.colour, product.audience) if f and f.lower() not in title.lower()]
    words = " ".join([title, *facts]).strip()
    return Wording(words, product.description[:_DESCRIPTION_CHARACTERS], product.brand)


class Encoder:
    """Obeys one recipe. Models are loaded when first needed."""

    def __init__(
        self,
        recipe: Recipe,
        reductions: Mapping[str, Reduction] | None = None,
        *,
        brands: Brands | None = None,
        threads: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.reductions = dict(reductions or {})
        self.brands = brands or Brands()
        self._threads = threads
        self._loading = threading.Lock()
        for part in ("image", "text"):
            if (name := getattr(recipe, part)) != "none":
                find_spec(name)  # an unknown name is said at once, not after an hour of fetching
        if recipe.cutout != "none" and (spec := find_spec(recipe.cutout)).role != "segmenter":
            raise ModelError(f"cutout is {recipe.cutout!r}, a model for {spec.role}: name a segmenter")

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that the recipe has."""
        return tuple(p for p in ("image", "text", "colour") if getattr(self.recipe, p) != "none")

    @property
    def models(self) -> tuple[str, ...]:
        """The fields of the recipe that name a model at work."""
        return self.parts if self.recipe.cutout == "none" else (*self.parts, "cutout")

    @property
    def sees(self) -> bool:
        """Whether pictures matter to the recipe at all."""
        return any(p in self.parts for p in PICTURE_PARTS)

    @property
    def at_least(self) -> int:
        """The longer side, in pixels, that a picture should have for `canvas`."""
        return self.recipe.canvas * (1 if self.recipe.cutout == "none" else _ROOM)

    def canvas(self, pixels: Pixels) -> Pixels:
        """The square that the recipe asks for; may be called from several threads.  # (canvas, canvas, 3)

        With a cut-out it holds what is worn, on white; the whole picture where nothing, or everything, is found.
        """
        if self.recipe.cutout != "none":
            with self._loading:
                segmenter = self._segmenter
            pixels = cut_from(pixels, segmenter.segment([pixels])[0]).pixels
        return letterbox(pixels, self.recipe.canvas)

    def describe_pictures(self, canvases: Sequence[Pixels]) -> dict[str, Vectors]:
        """The parts that pictures give, before reduction."""
        describe: dict[str, Callable[[], Vectors]] = {
            "image": lambda: self._image.embed(canvases),
            "colour": lambda: colour_vectors(canvases),
        }
        wanted = {part: describe[part] for part in PICTURE_PARTS if part in self.parts}
        if len(canvases) < _TOGETHER or len(wanted) < 2:
            return {part: run() for part, run in wanted.items()}
        with ThreadPoolExecutor(1) as pool:  # colour on one core while the network waits for memory on the others
            colour = pool.submit(wanted["colour"])
            return {"image": wanted["image"](), "colour": colour.result()}

    def describe_wordings(self, wordings: Sequence[Wording]) -> Vectors:
        """The part that words give, before reduction; a brand in front of a title is told apart.  # (n, dim)"""
        led = [(w.title, w.brand) if w.brand else self.brands.split(w.title) for w in wordings]
        titles = unit(self._text.embed([title for title, _ in led]))
        descriptions = unit(self._text.embed([w.description for w in wordings]))
        brands = unit(self._text.embed([brand for _, brand in led]))
        described: Vectors = titles + _DESCRIPTION_SHARE * descriptions + _BRAND_SHARE * brands
        return described

    def encode_pictures(self, canvases: Sequence[Pixels]) -> dict[str, Vectors]:
        """`image` and `colour`, reduced, rows of unit length."""
        return {part: self.reduce(part, rows) for part, rows in self.describe_pictures(canvases).items()}

    def encode_wordings(self, wordings: Sequence[Wording]) -> Vectors:
        """`text`, reduced, rows of unit length; zeros where there are no words.  # (n, dim)"""
        return self.reduce("text", self.describe_wordings(wordings))

    def encode_text(self, text: str) -> Vectors:
        """A user's words. Who names a brand wants it: it counts as much as all else that is said.  # (1, dim)"""
        rest, brand = self.brands.split(text, anywhere=True)
        voices = unit(self._text.embed([rest, brand]))
        return self.reduce("text", voices[:1] + voices[1:])

    def encode_swatch(self, rgb: tuple[int, int, int]) -> Vector:
        """The `colour` of a thing that is all of one sRGB colour, reduced, of unit length.  # (dim,)"""
        found: Vector = self.reduce("colour", colour_vectors([swatch(rgb, self.recipe.canvas)]))[0]
        return found

    def encode_text_as_picture(self, text: str) -> Vectors | None:
        """A user's words as if a picture of them had been seen.  # (1, dim)

        None where the image model knows no words.
        """
        if "image" not in self.parts or self._words is None:
            return None
        return self.reduce("image", self._words.embed([text]))

    def reduce(self, part: str, rows: Vectors) -> Vectors:
        reduction = self.reductions.get(part)
        return reduction.apply(rows) if reduction is not None else unit(rows)

    @cached_property
    def _segmenter(self) -> Segmenter:
        return open_segmenter(self.recipe.cutout, threads=self._threads)

    @cached_property
    def _image(self) -> ImageEmbedder:
        return open_image_embedder(self.recipe.image, threads=self._threads)

    @cached_property
    def _words(self) -> WordsAsPictures | None:
        return open_words(self.recipe.image)

    @cached_property
    def _text(self) -> TextEmbedder:
        return open_text_embedder(self.recipe.text, threads=self._threads)
