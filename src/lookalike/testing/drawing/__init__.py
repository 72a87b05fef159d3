"""The drawn sample shop: products and people made of splines, so their pictures are free and their truth is exact.

Data flows one way: outlines are cut into pieces, garments are pieces on a body, a canvas lights them,
and `shop` writes what packshots and figures show.
"""

from lookalike.testing.drawing.packshot import draw_product
from lookalike.testing.drawing.shop import write_shop
from lookalike.testing.drawing.styles import STYLES, Style
from lookalike.testing.drawing.wardrobe import ARTICLES, LABELS

__all__ = ["ARTICLES", "LABELS", "STYLES", "Style", "draw_product", "write_shop"]
