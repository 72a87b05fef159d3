"""Pictures from URLs, kept from run to run, with what it takes to ask "has it changed?".

Two things are kept apart. Of each URL the key of its bytes and its validators (RFC 9110, 8.8), a few hundred bytes
that let a server answer 304; for a product that is in a store nothing else is needed. And bodies, under the key of
their bytes, within a limit: the least recently used go first.

The law: a cache is never a reason to fail. A full disk, a read-only folder, a damaged file cost time, no more.
Several processes may use one folder.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CACHE = "LOOKALIKE_CACHE"  # environment: the folder for pulled models and kept pictures
DEFAULT_BYTES = 5_000_000_000
_URLS = 2_000_000  # whose validators are kept
_SWEEP_BYTES = 64_000_000  # written between two looks at the limit, or a tenth of the limit if that is less
_USE_S = 600  # a body's use is written down this often at most
_TABLES = """
CREATE TABLE IF NOT EXISTS urls (url TEXT PRIMARY KEY, key TEXT, at TEXT, etag TEXT, modified TEXT, seen REAL)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bodies (key TEXT PRIMARY KEY, bytes INTEGER, used REAL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS urls_seen ON urls (seen);
CREATE INDEX IF NOT EXISTS bodies_used ON bodies (used);
"""


def cache_folder() -> Path:
    """Where pulled models and kept pictures are: `$LOOKALIKE_CACHE`, else `~/.cache/lookalike`."""
    return Path(os.environ.get(CACHE) or Path.home() / ".cache" / "lookalike")


def key_of(content: bytes) -> str:
    """The same for the same bytes: 128 bits of BLAKE2b, in hexadecimal."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Validators:
    """What is known of a URL: the key of its bytes, the address that gave them, and what to ask with."""

    key: str
    url: str  # after redirects
    etag: str
    modified: str

    def headers(self) -> list[tuple[str, str]]:
        """The condition of the next request (RFC 9110, 13.1)."""
        found = [("If-None-Match", self.etag), ("If-Modified-Since", self.modified)]
        return [(name, value) for name, value in found if value]


class PictureCache:
    """Validators in one SQLite file, bodies in files of their own.

    folder: `pictures` in the cache folder if not given. max_bytes: of all bodies together.
    """

    def __init__(self, folder: Path | None = None, *, max_bytes: int = DEFAULT_BYTES) -> None:
        self.folder = folder or cache_folder() / "pictures"
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._written = max_bytes  # so that the first body that is kept looks at the limit

    def validators(self, url: str) -> Validators | None:
        """What is known of a URL; None for an unknown one, and for one that has nothing to ask with."""
        rows = self._run("SELECT key, at, etag, modified FROM urls WHERE url = ?", url)
        return Validators(*rows[0]) if rows and (rows[0][2] or rows[0][3]) else None

    def body(self, key: str) -> bytes | None:
        """The bytes with this key; None when they are not here, or are damaged."""
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        if key_of(content) != key:
            self._path(key).unlink(missing_ok=True)
            return None
        now = time.time()
        self._run("UPDATE bodies SET used = ? WHERE key = ? AND used < ?", now, key, now - _USE_S)
        return content

    def keep(self, url: str, found: Validators, content: bytes) -> bool:
        """Keep a picture and what is known of its URL. Returns whether `body` will find the bytes."""
        now = time.time()
        row = (url, found.key, found.url, found.etag, found.modified, now)
        if self._run("INSERT OR REPLACE INTO urls VALUES (?, ?, ?, ?, ?, ?)", *row) is None:
            return False
        if len(content) > self._max_bytes or not self._write(found.key, content):
            return False
        if self._run("INSERT OR REPLACE INTO bodies VALUES (?, ?, ?)", found.key, len(content), now) is None:
            return False
        with self._lock:
            self._written += len(content)
            full = self._written >= min(_SWEEP_BYTES, self._max_bytes // 10)
            self._written = 0 if full else self._written
        if full:
            self._sweep()
        return True

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _write(self, key: str, content: bytes) -> bool:
        path = self._path(key)
        try:
            if path.exists() and path.stat().st_size == len(content):
                return True
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
                try:
                    part.write(content)
                    part.flush()
                    Path(part.name).replace(path)
                finally:
                    Path(part.name).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _sweep(self) -> None:
        """Let go of the least recently used until a tenth of the limit is free."""
        (total,) = (self._run("SELECT COALESCE(SUM(bytes), 0) FROM bodies") or [(0,)])[0]
        if total > self._max_bytes:
            for key, size in self._run("SELECT key, bytes FROM bodies ORDER BY used") or ():
                if total <= 0.9 * self._max_bytes or self._run("DELETE FROM bodies WHERE key = ?", key) is None:
                    break
                self._path(key).unlink(missing_ok=True)
                total -= size
        self._run(
            "DELETE FROM urls WHERE seen < (SELECT seen FROM urls ORDER BY seen DESC LIMIT 1 OFFSET ?)", _URLS
        )

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]] | None:
        """The rows of a statement; None when the database cannot be used now."""
        with self._lock:
            try:
                if self._database is None:
                    self._database = self._opened()
                return self._database.execute(statement, values).fetchall()
            except (sqlite3.Error, OSError):
                return None

    def _opened(self) -> sqlite3.Connection:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "pictures.sqlite"
        try:
            return _connect(path)
        except sqlite3.OperationalError:  # locked, full, read-only: it may be well another time
            raise
        except sqlite3.DatabaseError:  # damaged: begun anew
            path.unlink()
            return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = OFF")  # a cache need not outlive a power cut
        database.executescript(_TABLES)
    except BaseException:
        database.close()
        raise
    return database
