"""Ids of products in addresses: one segment of the path, in which a slash of the id's own is written %2F.

A server is handed the path decoded, where that slash looks like any other; so what a product is asked for,
`/similar` or `/thumbnail`, is told from the end of an id here, once for every route.
"""

from __future__ import annotations

from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

_SLASH = "\x1f"  # what stands for a slash of an id's own till its route is found; no id has control characters
_ASKED = "similar|thumbnail"  # what may follow an id


class _Id(Convertor[str]):
    regex = ".*"  # as a proxy may have decoded it: with slashes

    def convert(self, value: str) -> str:
        return value.replace(_SLASH, "/")

    def to_string(self, value: str) -> str:
        return value


class _WholeId(_Id):
    regex = rf"(?!.*/(?:{_ASKED})$).*"


register_url_convertor("id", _Id())
register_url_convertor("whole_id", _WholeId())
ID = "{product_id:id}"  # in a route's path, before what the product is asked for
WHOLE_ID = "{product_id:whole_id}"  # where nothing follows


def with_ids_whole(scope: Scope) -> Scope:
    """The scope with a path in which %2F is no slash.

    >>> with_ids_whole({"path": "/v1/products/A/1/similar", "raw_path": b"/v1/products/A%2F1/similar"})["path"]
    '/v1/products/A\\x1f1/similar'
    """
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" not in raw:
        return scope
    segments = raw.partition(b"?")[0].decode("latin-1").split("/")
    return {**scope, "path": "/".join(unquote(segment).replace("/", _SLASH) for segment in segments)}
