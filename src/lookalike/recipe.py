"""How a product becomes a vector, written down once.

A recipe is kept in the store beside the vectors that it made, and every query obeys it, so that index and
query can never differ.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from lookalike.errors import RecipeError

_QUERY_TIME = {"weights"}  # may change without touching a stored vector


@dataclass(frozen=True, slots=True)
class Recipe:
    """The models, the canvas, the reduction and the weights. Names of models are those of `lookalike models list`.

    `"none"` for a part leaves it out.
    """

    image: str = "efficientnet-lite0"
    text: str = "wordllama"
    colour: str = "garment-colours"
    cutout: str = "none"
    canvas: int = 224  # pixels a side of the white square that every picture is fitted into
    reduce_to: int = 512  # dimensions that PCA leaves of each part that has more
    whiten: float = 0.5  # 0 keeps the spread of each component, 1 makes all spreads equal
    weights: Mapping[str, float] = field(default_factory=lambda: {"image": 1.0, "text": 0.5, "colour": 0.5})

    def __post_init__(self) -> None:
        if self.image == self.text == self.colour == "none":
            raise RecipeError("a recipe with image, text and colour all 'none' encodes nothing: name one")
        if not 32 <= self.canvas <= 1024:
            raise RecipeError(f"canvas is {self.canvas}: use 32 to 1024 pixels")
        if not 1 <= self.reduce_to <= 8192:
            raise RecipeError(f"reduce_to is {self.reduce_to}: use 1 to 8192 dimensions")
        if not 0 <= self.whiten <= 1:
            raise RecipeError(f"whiten is {self.whiten}: use 0 to 1")
        check_weights(self.weights)

    def fingerprint(self) -> str:
        """Equal for recipes whose vectors can be compared: all that shapes a stored vector, not the weights."""
        return hashlib.sha256(json.dumps(_shape(self), sort_keys=True).encode()).hexdigest()[:16]

    def with_weights(self, weights: Mapping[str, float]) -> Recipe:
        return replace(self, weights={**self.weights, **weights})

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        return cls.from_mapping(json.loads(text))

    @classmethod
    def from_mapping(cls, wish: Mapping[str, Any]) -> Recipe:
        """A recipe from a table such as TOML or JSON gives; what it leaves out is as in `Recipe()`."""
        known = {f.name for f in fields(cls)}
        if strange := sorted(set(wish) - known):
            raise RecipeError(f"a recipe has no field {strange[0]!r}: it has {', '.join(sorted(known))}")
        for name, value in wish.items():
            expected = type(getattr(cls(), name))
            if expected is float and isinstance(value, int) and not isinstance(value, bool):
                continue
            if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
                raise RecipeError(f"{name} is {value!r} in the recipe: it takes {expected.__name__}")
        return cls(**wish)

    @classmethod
    def from_file(cls, path: str | Path) -> Recipe:
        try:
            return cls.from_mapping(tomllib.loads(Path(path).read_text("utf-8")))
        except OSError as error:
            raise RecipeError(f"cannot read the recipe {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RecipeError(f"the recipe {path} is not TOML: {error}") from error


def difference(stored: Recipe, wanted: Recipe) -> str:
    """The first field that makes their vectors incomparable, in words; empty when there is none."""
    ours, theirs = _shape(stored), _shape(wanted)
    for name in ours:
        if ours[name] != theirs[name]:
            return f"{name} is {ours[name]!r} in the store and {theirs[name]!r} in the recipe"
    return ""


def check_weights(weights: Mapping[str, float]) -> None:
    """Raise `RecipeError` unless the weights are of known parts, not negative, and not all nothing."""
    for part, weight in weights.items():
        if part not in ("image", "text", "colour"):
            raise RecipeError(f"weight for {part!r}: the parts are image, text and colour")
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1000:
            raise RecipeError(f"weight of {part} is {weight!r}: use a number from 0 to 1000")
    if weights and not any(weights.values()):
        raise RecipeError(f"all weights are 0 in {dict(weights)}: give one part a weight")


def _shape(recipe: Recipe) -> dict[str, Any]:
    return {f.name: getattr(recipe, f.name) for f in fields(recipe) if f.name not in _QUERY_TIME}
