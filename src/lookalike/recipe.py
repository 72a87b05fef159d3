"""How a product becomes a vector, written down once.

A recipe is kept in the store beside the vectors that it made, and every query obeys it, so that index and
query can never differ.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from lookalike.errors import RecipeError

_N = TypeVar("_N", int, float)
_PARTS = ("image", "text", "colour")
REDUCE_TO = {"image": 512, "text": 128, "colour": 512}
WHITEN = {"image": 0.0, "text": 0.0, "colour": 0.0}
WEIGHTS = {"image": 1.0, "text": 0.5, "colour": 0.3}
_QUERY_TIME = {"weights"}  # may change without touching a stored vector


@dataclass(frozen=True, slots=True)
class Recipe:
    """The models, the canvas, the reduction and the weights. Names of models are those of `lookalike models list`.

    `"none"` for a part leaves it out. `cutout` is the segmenter that cuts what is worn out of each picture first,
    in the catalogue and in queries alike. `reduce_to` is how many dimensions PCA leaves of a part that has more,
    `whiten` how far it evens out their spread (0 keeps it, 1 makes all equal). A network that was trained for
    likeness, as the default, is best as it is; one that was trained to name objects is better half-whitened, and
    fixed word vectors are best with 128 dimensions (benchmarks/README.md).
    """

    image: str = "garments-int8"
    text: str = "wordllama"
    colour: str = "garment-colours"
    cutout: str = "none"
    canvas: int = 144  # pixels a side of the white square that every picture is fitted into
    reduce_to: Mapping[str, int] = field(default_factory=dict)  # laid over REDUCE_TO
    whiten: Mapping[str, float] = field(default_factory=dict)  # laid over WHITEN
    weights: Mapping[str, float] = field(default_factory=dict)  # laid over WEIGHTS

    def __post_init__(self) -> None:
        for name, usual in (("reduce_to", REDUCE_TO), ("whiten", WHITEN), ("weights", WEIGHTS)):
            object.__setattr__(self, name, {**usual, **getattr(self, name)})
        if self.image == self.text == self.colour == "none":
            raise RecipeError("a recipe with image, text and colour all 'none' encodes nothing: name one")
        if not 32 <= self.canvas <= 1024:
            raise RecipeError(f"canvas is {self.canvas}: use 32 to 1024 pixels")
        for part, dims in _of_parts("reduce_to", self.reduce_to, int):
            if not 1 <= dims <= 8192:
                raise RecipeError(f"reduce_to of {part} is {dims}: use 1 to 8192 dimensions")
        for part, share in _of_parts("whiten", self.whiten, float):
            if not 0 <= share <= 1:
                raise RecipeError(f"whiten of {part} is {share}: use 0 to 1")
        object.__setattr__(self, "whiten", {part: float(share) for part, share in self.whiten.items()})
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
        if not isinstance(wish, Mapping):
            raise RecipeError(f"a recipe is a table of fields, not {wish!r}")
        known = {f.name for f in fields(cls)}
        if strange := sorted(set(wish) - known):
            raise RecipeError(f"a recipe has no field {strange[0]!r}: it has {', '.join(sorted(known))}")
        default = cls()
        for name, value in wish.items():
            usual = getattr(default, name)
            if not isinstance(value, dict if isinstance(usual, Mapping) else type(usual)) or isinstance(
                value, bool
            ):
                kind = "a table of parts" if isinstance(usual, Mapping) else type(usual).__name__
                raise RecipeError(f"{name} is {value!r} in the recipe: it takes {kind}")
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
    for part, weight in _of_parts("weight", weights, float):
        if not 0 <= weight <= 1000:
            raise RecipeError(f"weight of {part} is {weight!r}: use a number from 0 to 1000")
    if weights and not any(weights.values()):
        raise RecipeError(f"all weights are 0 in {dict(weights)}: give one part a weight")


def _of_parts(what: str, table: Mapping[str, _N], kind: type[_N]) -> Iterable[tuple[str, _N]]:
    """The entries of a table that has a number for each part."""
    for part, number in table.items():
        if part not in _PARTS:
            raise RecipeError(f"{what} for {part!r}: the parts are {', '.join(_PARTS)}")
        if isinstance(number, bool) or not isinstance(number, (int, kind)):
            raise RecipeError(f"{what} of {part} is {number!r}: use a number")
        yield part, number


def _shape(recipe: Recipe) -> dict[str, Any]:
    return {f.name: _plain(getattr(recipe, f.name)) for f in fields(recipe) if f.name not in _QUERY_TIME}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
