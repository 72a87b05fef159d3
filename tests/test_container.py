"""The container's files: what they run is what the command line takes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


def test_the_container_runs_a_command_that_exists() -> None:
    running = pytest.importorskip("typer.testing")
    from lookalike.cli import app

    (entry,), (command,) = (
        re.findall(rf"^{word} (\[.*\])$", DOCKERFILE, re.MULTILINE) for word in ("ENTRYPOINT", "CMD")
    )
    assert json.loads(entry) == ["lookalike"]
    done = running.CliRunner().invoke(app, [*json.loads(command), "--help"])
    assert done.exit_code == 0, done.output


def test_the_container_is_not_root_and_copies_what_is_there() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name in " ".join(copied).split():
        assert (ROOT / name).exists() and f"!{name}" in allowed, name


def test_the_containers_dependencies_are_pinned() -> None:
    """Each that `[serve]` names, by hash."""
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    pinned = (ROOT / "constraints-serve.txt").read_text("utf-8")
    for line in wanted["serve"]:
        name = re.split(r"[\[><=~ ]", line)[0]
        assert re.search(rf"^{re.escape(name)}==\S+ .*\\\n\s+--hash=sha256:", pinned, re.MULTILINE), name
