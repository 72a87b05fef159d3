"""Every error that lookalike raises on purpose. Catch `LookalikeError` to catch them all.

LookalikeError
  x CatalogueError      a catalogue file cannot be read at all (a single bad row is a Reject, not an error)
  x PictureError        bytes are no picture that we accept
      + FetchError      a picture's URL gave nothing, or may not be fetched
  x FilterError         a filter is not written right, or names a column the store lacks
  x RuleError           a merchandising rule is not written right, or names a column the store lacks
  x RecipeError         a recipe is not valid, or is not the one that the store was made with
  x ModelError          a model is unknown, damaged, or does not do what its spec says
      + ModelNotFound   its weights are not on this machine
  x StoreError          a store is missing, damaged, locked or of another version
      + ProductNotFound no product has this id
  x ServiceError        a server does not take a request
      + Busy            it has too much to do, or this caller has asked too much: try again later
      + TookTooLong     it was not done in time
      + NotAllowed      the caller may not: no key, a wrong one, or one without the role
      + TooLarge        more bytes than are taken
  x MissingExtra        an optional dependency is not installed

Each message is one line: what happened, the value, what to do.
"""

from __future__ import annotations

import re


class LookalikeError(Exception):
    """The root: one clear line for the user, never a stack trace."""


class CatalogueError(LookalikeError):
    """A catalogue cannot be read at all."""


class PictureError(LookalikeError):
    """Bytes are not a picture that lookalike accepts."""


class FetchError(PictureError):
    """A URL gave no picture, or is one that may not be fetched.

    `host` and `reason` say where and why without the URL, so that alike ones can be counted; `passing` is True for
    what may be over at the next run.
    """

    def __init__(
        self, reason: str, *, host: str = "", url: str = "", hint: str = "", passing: bool = False
    ) -> None:
        words = f"{host} {reason}".strip() + (f"; {hint}" if hint else "")
        super().__init__(f"{words}: {_one_line(url)}" if url else words)
        self.reason, self.host, self.hint, self.passing = reason, host, hint, passing

    def about(self, url: str) -> FetchError:
        """The same error, which now names the URL that was asked for."""
        return FetchError(self.reason, host=self.host, url=url, hint=self.hint, passing=self.passing)


class FilterError(LookalikeError):
    """A filter is malformed, or names a column that the store does not have."""


class RuleError(LookalikeError):
    """A merchandising rule is malformed, or names a column that the store does not have."""


class RecipeError(LookalikeError):
    """A recipe is not valid, or differs from the one in the store."""


class ModelError(LookalikeError):
    """A model is unknown, damaged, or does not do what its spec says."""


class ModelNotFound(ModelError):  # noqa: N818 - reads as the fact it is
    """The weights of a known model are not on this machine."""


class StoreError(LookalikeError):
    """A store is missing, damaged, or of another version."""


class ProductNotFound(StoreError):  # noqa: N818 - reads as the fact it is
    """No product in the store has this id."""


class ServiceError(LookalikeError):
    """A server does not take a request."""


class Busy(ServiceError):  # noqa: N818 - reads as the fact it is
    """Too much is under way, or this caller has asked too much; `retry_after_s` says when to try again.

    too_many: whether it is this caller who has asked too much.
    """

    def __init__(self, words: str, *, retry_after_s: float, too_many: bool = False) -> None:
        super().__init__(words)
        self.retry_after_s, self.too_many = retry_after_s, too_many


class TookTooLong(ServiceError):  # noqa: N818 - reads as the fact it is
    """A request was not done in time."""


class NotAllowed(ServiceError):  # noqa: N818 - reads as the fact it is
    """A request may not be made: without a key, with one that is unknown, or with one that lacks the role.

    known: whether the key is known, and only its role does not do.
    """

    def __init__(self, words: str, *, known: bool = False) -> None:
        super().__init__(words)
        self.known = known


class TooLarge(ServiceError):  # noqa: N818 - reads as the fact it is
    """A request has more bytes than are taken."""


class MissingExtra(LookalikeError):  # noqa: N818 - reads as the fact it is
    """An optional dependency is needed; the message is the pip line."""


def name_of(kind: type[LookalikeError]) -> str:
    """How a server names an error to its clients.

    >>> name_of(ProductNotFound)
    'product-not-found'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def _one_line(words: str, most: int = 400) -> str:
    """What somebody else wrote, without what would break a line, hide, or fill a screen."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in words[:most])
    return shown + ("..." if len(words) > most else "")
