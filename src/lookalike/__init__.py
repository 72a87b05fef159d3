"""lookalike: a shop's catalogue in, recommendations by likeness out.

    import lookalike

    shop = lookalike.open("shop")                       # made by `lookalike index catalogue.csv --store shop`
    shop.similar("SKU-1", k=7, where={"price": {"lt": 50}})
    shop.search(image="photo.jpg", text="like this, for the summer")

Names are loaded when they are first used, so that the import itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lookalike import evaluate as evaluate
    from lookalike import models as models
    from lookalike.errors import LookalikeError as LookalikeError
    from lookalike.indexing.job import Report as Report
    from lookalike.indexing.job import index as index
    from lookalike.recipe import Recipe as Recipe
    from lookalike.recommend.recommender import Recommender as Recommender
    from lookalike.recommend.recommender import open_shop as open
    from lookalike.types import Box as Box
    from lookalike.types import Condition as Condition
    from lookalike.types import Detection as Detection
    from lookalike.types import Filter as Filter
    from lookalike.types import Garment as Garment
    from lookalike.types import Look as Look
    from lookalike.types import Match as Match
    from lookalike.types import Person as Person
    from lookalike.types import Product as Product
    from lookalike.types import Query as Query
    from lookalike.types import Reject as Reject
    from lookalike.types import View as View

__version__ = version("lookalike")

_HOMES = {
    "Box": "lookalike.types",
    "Condition": "lookalike.types",
    "Detection": "lookalike.types",
    "Filter": "lookalike.types",
    "Garment": "lookalike.types",
    "Look": "lookalike.types",
    "LookalikeError": "lookalike.errors",
    "Match": "lookalike.types",
    "Person": "lookalike.types",
    "Product": "lookalike.types",
    "Query": "lookalike.types",
    "Recipe": "lookalike.recipe",
    "Recommender": "lookalike.recommend.recommender",
    "Reject": "lookalike.types",
    "Report": "lookalike.indexing.job",
    "View": "lookalike.types",
    "evaluate": "lookalike.evaluate",
    "index": "lookalike.indexing.job",
    "models": "lookalike.models",
    "open": "lookalike.recommend.recommender",
}
_MODULES = ("evaluate", "models")
__all__ = [
    "Box",
    "Condition",
    "Detection",
    "Filter",
    "Garment",
    "Look",
    "LookalikeError",
    "Match",
    "Person",
    "Product",
    "Query",
    "Recipe",
    "Recommender",
    "Reject",
    "Report",
    "View",
    "evaluate",
    "index",
    "models",
    "open",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"lookalike.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), {"open": "open_shop"}.get(name, name))
    raise AttributeError(f"module 'lookalike' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
