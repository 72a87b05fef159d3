"""Rows in, products out: a shop's file becomes products with clean facts. It knows nothing of pixels.

    reading     open_catalogue, Catalogue: the story of a row
    readers     a file or folder -> Table   (delimited, records, feeds, parquet, folders; text_files, disguises)
    maps        columns/*.toml -> ColumnMap, and with layouts -> Layout: which column is what
    families    rows of one product -> whole rows
    mapping     a row -> Product            (cleaning, prices, pictures, naming, variants)
    survey      one pass that counts, types and samples

A bad row is a Reject with its line; only a file that cannot be read at all is a CatalogueError.
"""

from lookalike.catalogue.maps import built_in_maps
from lookalike.catalogue.reading import Catalogue, open_catalogue
from lookalike.catalogue.survey import ColumnType, Survey, survey, typed

__all__ = ["Catalogue", "ColumnType", "Survey", "built_in_maps", "open_catalogue", "survey", "typed"]
