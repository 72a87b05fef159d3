"""API keys: made once, shown once, kept as hashes, checked without telling how far a guess was right.

The file is TOML, a table for each key; whoever takes a table out takes the key away, of servers that run too.
A key is 256 random bits, so its SHA-256 cannot be guessed back and needs no slow hash.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import tomllib
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Literal, get_args

from lookalike.errors import LookalikeError
from lookalike.files import mark

Role = Literal["read", "write"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Key:
    """Who a key belongs to, and what it is good for. One that may write may read."""

    name: str
    role: Role
    sha256: str

    def may(self, role: Role) -> bool:
        return self.role == "write" or role == "read"


class Keys:
    """The keys in a file, which is read again when it changes. Safe to share between threads."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises `LookalikeError` for a file that is missing or is not written right."""
        self.path = Path(path)
        self._guard = threading.Lock()
        self._seen = mark(self.path)
        self._keys = read_keys(self.path)

    def find(self, secret: str) -> Key | None:
        """The key that this is; None where it is none. A file that is gone or wrong has no keys."""
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        found = [key for key in self._now() if compare_digest(key.sha256, digest)]
        return found[0] if found else None

    def _now(self) -> tuple[Key, ...]:
        with self._guard:
            if (now := mark(self.path)) != self._seen:
                self._seen = now
                try:
                    self._keys = read_keys(self.path)
                except LookalikeError:
                    self._keys = ()
            return self._keys


def read_keys(path: Path) -> tuple[Key, ...]:
    """Raises `LookalikeError` that says what is wrong with the file."""
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("keys", [])
        found = tuple(Key(t["name"], t["role"], t["sha256"]) for t in tables)
    except OSError as error:
        raise LookalikeError(
            f"cannot read the keys {path}: {error.strerror}; make one with `lookalike keys new --keys {path}`"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LookalikeError(
            f"the keys {path} are not written right: each [[keys]] has name, role and sha256 ({error})"
        ) from error
    if wrong := [key for key in found if key.role not in ROLES or not isinstance(key.sha256, str)]:
        raise LookalikeError(
            f"key {wrong[0].name!r} in {path} has role {wrong[0].role!r}: use {' or '.join(ROLES)}"
        )
    return found


def new_key(path: str | os.PathLike[str], *, role: Role, name: str = "") -> str:
    """A new key, which is told this once; its hash is added to the file, which only its owner may read.

    Raises `LookalikeError` for a role or name that will not do, or a file that cannot be written.
    """
    if role not in ROLES:
        raise LookalikeError(f"no role {role!r}: use {' or '.join(ROLES)}")
    secret = f"lookalike-{role}-{secrets.token_urlsafe(32)}"
    name = name or f"{role}-{secrets.token_hex(3)}"
    if not name.isprintable() or '"' in name or "\\" in name:
        raise LookalikeError(f"{name!r} cannot name a key: use letters, digits and blanks in one line")
    target = Path(path)
    if target.exists() and any(key.name == name for key in read_keys(target)):
        raise LookalikeError(f"there is a key {name!r} in {path} already: choose another name, or take it out")
    digest = hashlib.sha256(secret.encode()).hexdigest()
    table = f'[[keys]]\nname = "{name}"\nrole = "{role}"\nsha256 = "{digest}"\n\n'
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
            file.write(table)
    except OSError as error:
        raise LookalikeError(f"cannot write the keys {path}: {error.strerror}") from error
    return secret
