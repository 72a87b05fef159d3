"""`lookalike train` from outside: what it says without its extra, and how a refusal ends."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lookalike.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, args)])
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="the [train] extra is installed")
@pytest.mark.parametrize(
    "command",
    [
        ("embedder", "--catalogue", "c.csv"),
        ("classifier", "--catalogue", "c.csv", "--label", "kind"),
        ("siamese",),
    ],
)
def test_without_the_extra_it_says_what_to_install(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "train", *command, "--out", tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: to train a model, `torch` is needed: pip install 'lookalike[train]'\n"


@pytest.mark.parametrize("adopted", [True, False])
def test_a_refusal_is_one_line_and_exit_code_1(
    adopted: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from lookalike.training import commands

    verdict = SimpleNamespace(adopted=adopted, words="identity R@1 0.600 against 0.500")
    spec = tmp_path / "candidate" / "m.toml"
    done = SimpleNamespace(verdict=verdict, spec=spec, recipe=tmp_path / "recipe.toml", figures={"step": 5.0})
    monkeypatch.setattr(commands, "train_embedder", lambda *given, **named: done)
    code = run(monkeypatch, "train", "embedder", "--catalogue", "c.csv", "--out", tmp_path)
    said = capsys.readouterr().err
    if adopted:
        assert code == 0
        assert "adopted: identity R@1 0.600 against 0.500" in said
        assert f"--recipe {tmp_path / 'recipe.toml'}" in said
    else:
        assert code == 1
        assert said == f"error: not adopted: identity R@1 0.600 against 0.500; it stays in {spec.parent}\n"
