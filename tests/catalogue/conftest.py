"""Where the tests of catalogues take their files from: written on the spot, or the real data."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(os.environ.get("LOOKALIKE_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file into the test's own folder."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an archive of the real data, unpacked once a session."""
    unpacked: dict[str, Path] = {}

    def unpack(archive: str) -> Path:
        if archive not in unpacked:
            if not (DATA / archive).is_file():
                pytest.skip(f"no {archive} in {DATA}: set LOOKALIKE_DATA to the folder of the real data")
            folder = tmp_path_factory.mktemp("data")
            with tarfile.open(DATA / archive) as tar:
                tar.extractall(folder, filter="data")
            unpacked[archive] = folder / archive.partition(".")[0]
        return unpacked[archive]

    return unpack
