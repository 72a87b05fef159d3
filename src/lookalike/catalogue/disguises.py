"""What a file is, told from its first bytes, where its name says something else."""

from __future__ import annotations

import re

FOREIGN = (  # how a file begins -> what it is, and what to do
    (rb"PK\x03\x04", "a ZIP archive or an Excel workbook: export it as CSV"),
    (rb"\xd0\xcf\x11\xe0", "an old Excel workbook: export it as CSV"),
    (rb"\x1f\x8b", "compressed with gzip: name it .gz"),
    (rb"PAR1", "Parquet: name it .parquet"),
    (rb"%PDF", "a PDF document: export it as CSV"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", "a picture: give the folder that it is in"),
    (rb"SQLite format 3\x00", "a SQLite database: export its table as CSV"),
    (rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype html|html)", "a web page: was one saved in place of the feed?"),
)
XML = re.compile(rb"(\xef\xbb\xbf)?\s*<(\?xml|!--|[a-z]+[\s>])", re.IGNORECASE)
JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\[\s*\{\s*"|\{\s*"[^"]*"\s*:)')


def disguise(beginning: bytes, kind: str) -> str:
    """What a file is that has this extension, "" where nothing speaks against what it says.

    >>> disguise(b"PK\\x03\\x04...", ".csv"), disguise(b"id,title", ".csv"), disguise(b"<rss>", ".csv")
    ('a ZIP archive or an Excel workbook: export it as CSV', '', 'XML: name it .xml')
    """
    if kind == ".parquet":  # its reader says what is wrong
        return ""
    for pattern, found in FOREIGN:
        if re.match(pattern, beginning, re.DOTALL):
            return found
    if kind not in (".xml", ".rss", ".atom") and XML.match(beginning):
        return "XML: name it .xml"
    if kind in (".csv", ".tsv", ".txt") and JSON.match(beginning):
        return "JSON: name it .json, or .jsonl with one object a line"
    return ""
