"""Writes docs/commands.md from the commands' own help, so that the two cannot differ (a test compares them)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.update({"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"})

from typer.main import get_command
from typer.testing import CliRunner

from lookalike.cli import app

COMMANDS = (
    [[], ["index"], ["similar"], ["search"], ["look"], ["info"], ["demo"], ["evaluate"]]
    + [["cutout"], ["export"], ["map"], ["serve"]]
    + [["models"]]
    + [["models", name] for name in ("list", "show", "pull", "export")]
    + [["repair"], ["snapshot"]]
    + [["snapshot", name] for name in ("list", "create", "restore", "delete")]
    + [["train"], *(["train", name] for name in ("embedder", "classifier", "siamese"))]
    + [["annotations"], ["annotations", "convert"]]
)


def reference() -> str:
    """The page: a heading and the help of each command."""
    assert get_command(app)
    parts = ["# Commands\n\nWritten by `make docs` from `--help`.\n"]
    for words in COMMANDS:
        shown = CliRunner().invoke(app, [*words, "--help"], prog_name="lookalike", terminal_width=100)
        body = "\n".join(line.rstrip() for line in shown.output.strip().splitlines())
        parts.append(f"## {' '.join(['lookalike', *words])}\n\n```text\n{body}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    page = Path(__file__).with_name("commands.md")
    page.write_text(reference(), encoding="utf-8")
    sys.stderr.write(f"{page} written\n")
