"""Looking after a store from the command line: snapshots, checks, repairs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.cli import main
from lookalike.store.lance import LanceStore

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command: exit code, standard output, standard error."""

    def command(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lookalike", *map(str, args)])
        try:
            main()
            code = 0
        except SystemExit as exit_:
            code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
        return (code, *capsys.readouterr())

    return command


@pytest.fixture
def store(shared_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shared_store, tmp_path / "shop"))


def test_a_snapshot_is_made_listed_restored_undone_and_deleted(run: Run, store: Path) -> None:
    assert run("snapshot", "create", "monday", "--store", store)[0] == 0
    LanceStore.open(str(store)).delete(["shirt-a-red"])
    code, _, said = run("snapshot", "restore", "monday", "--store", store)
    assert code == 0
    assert LanceStore.open(str(store)).counts().products == 24
    undo = said.partition("undo: lookalike ")[2].split()
    assert run(*undo)[0] == 0
    assert LanceStore.open(str(store)).counts().products == 23
    names = [one["name"] for one in json.loads(run("snapshot", "list", "--store", store, "--json")[1])]
    assert names[0] == "monday"
    assert len(names) == 3
    assert "24 views" in run("snapshot", "list", "--store", store)[1]
    assert run("snapshot", "delete", "monday", "--store", store)[0] == 0
    code, out, said = run("snapshot", "restore", "monday", "--store", store)
    assert (code, out, said.count("\n")) == (1, "", 1)
    assert said.startswith("error: no snapshot 'monday': there are before-")


def test_a_whole_store_passes_its_check_and_info_names_its_snapshots(run: Run, store: Path) -> None:
    assert run("info", "--check", "--store", store)[0] == 0
    assert json.loads(run("info", "--check", "--store", store, "--json")[1])["faults"] == []
    run("snapshot", "create", "monday", "--store", store)
    assert json.loads(run("info", "--store", store, "--json")[1])["snapshots"] == ["monday"]


def test_a_store_with_a_lost_file_fails_its_check_and_is_repaired(run: Run, store: Path) -> None:
    for file in (store / "views.lance" / "data").iterdir():
        file.unlink()
    code, out, said = run("info", "--check", "--store", store)
    assert (code, out) == (1, "")
    assert "cannot be read" in said
    assert said.splitlines()[-1].startswith("error: ")
    code, _, said = run("repair", "--store", store)
    assert code == 1
    assert "--drop-lost" in said
    assert run("repair", "--drop-lost", "--store", store)[0] == 0
    assert run("info", "--check", "--store", store)[0] == 0


def test_what_was_fitted_for_other_vectors_is_a_fault(run: Run, store: Path) -> None:
    opened = LanceStore.open(str(store))
    opened.keep_fitted("image", b"no reduction")
    code, _, said = run("info", "--check", "--store", store)
    assert code == 1
    assert "a reduction cannot be read" in said


def test_repairing_what_is_no_store_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    code, out, said = run("repair", "--store", tmp_path)
    assert (code, out, said.count("\n")) == (1, "", 1)
    assert "no store at" in said
