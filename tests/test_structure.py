"""What the design promises of the code itself, read off its syntax trees."""

from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lookalike

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "lookalike"
DOORS = {  # a package -> where it may be imported, below src/lookalike
    "onnxruntime": (
        "models/session.py",
        "training/quantise.py",
    ),  # inference has one door; its quantiser is a tool
    "ai_edge_litert": ("models/litert.py",),
    "lance": ("store/lance.py",),
    "lancedb": ("store/lance.py",),
    "simsimd": ("store/scanning.py",),
    "openTSNE": ("recommend/mapping.py",),
    "PIL": ("media/", "testing/"),
    "simplejpeg": ("media/decoding.py",),
    "fastapi": ("serve/",),
    "prometheus_client": ("serve/metrics.py",),
    "uvicorn": ("serve/",),
    "starlette": ("serve/",),
    "pydantic": ("serve/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "torch": ("training/",),
    "transformers": ("training/",),
    "onnx": ("training/",),
    "yaml": ("training/annotations/yolo.py",),
    "ray": ("indexing/engines.py",),
    "httpx2": ("media/web.py", "client.py"),  # pictures and models; a server of ours
    "httpcore2": ("media/web.py",),
    "httpx": (),
    "requests": (),
    "pytest": ("testing/contracts.py",),
    "hypothesis": ("testing/",),
}
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
MODULES = sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The outermost packages that a file imports, also inside functions and through `require("...")`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and node.args and isinstance(name := node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("require", "import_module", "__import__") and isinstance(name.value, str):
                yield name.value.partition(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_each_dependency_has_one_door(path: Path) -> None:
    place = path.relative_to(SOURCE).as_posix()
    for package in imported(path):
        if package in DOORS:
            assert place.startswith(DOORS[package]), f"{package} may only be imported in {DOORS[package]}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_is_pickled(path: Path) -> None:
    assert not PICKLES & set(imported(path))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        words = {word.arg: word.value for word in node.keywords}
        assert "allow_pickle" not in words
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "torch.load":
            assert ast.unparse(words["weights_only"]) == "True"


def test_public_names_are_sorted_and_every_one_loads() -> None:
    assert lookalike.__all__ == sorted(lookalike.__all__)
    assert len(lookalike.__all__) <= 25
    for name in lookalike.__all__:
        assert getattr(lookalike, name) is not None
    assert set(lookalike.__all__) <= set(dir(lookalike))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lookalike.nothing  # noqa: B018 - the access is what is tested


def test_public_names_are_told_to_type_checkers_too() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text("utf-8"))
    told = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(lookalike.__all__) <= told


def modules_after(statement: str) -> set[str]:
    command = f"import sys; {statement}; print(*sorted(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", command], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_import_itself_costs_nothing() -> None:
    heavy = {"numpy", "onnxruntime", "lance", "pyarrow", "PIL", "httpx2", "typer", "rich", "torch", "tokenizers"}
    assert not heavy & modules_after("import lookalike")
    assert not (heavy - {"typer", "rich"}) & modules_after("import lookalike.cli")


def test_a_shop_opens_without_any_extra() -> None:
    extras = {"torch", "transformers", "onnx", "fastapi", "uvicorn", "ray", "pytest", "hypothesis", "typer"}
    assert not extras & modules_after("import lookalike; lookalike.open, lookalike.index, lookalike.models")


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_text_names_the_host_of_a_package_registry() -> None:
    """Whoever installs says where from."""
    hosts = [
        ".".join(parts).encode()
        for parts in (("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs", "org"))
    ]
    for path in committed():
        content = path.read_bytes()
        if b"\0" not in content[:8192]:
            assert not any(host in content for host in hosts), path.relative_to(ROOT)


def test_no_module_is_named_for_nothing_in_particular() -> None:
    names = {path.stem for path in MODULES} | {path.parent.name for path in MODULES}
    assert not names & {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc"}


NAMES = [found.name for found in pkgutil.walk_packages(lookalike.__path__, "lookalike.")]


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("__main__")])
def test_the_examples_in_docstrings_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
