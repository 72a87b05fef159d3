"""The documentation is executed: every block of Python behind `<!-- run -->`, every example, the command page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"<!-- run -->\s*```python\n(.*?)```", re.DOTALL)
BLOCKS = [(p.name, at, code) for p in PAGES for at, code in enumerate(BLOCK.findall(p.read_text("utf-8")))]


@pytest.mark.parametrize(("page", "at", "code"), BLOCKS, ids=[f"{page}-{at}" for page, at, _ in BLOCKS])
def test_an_example_in_the_documentation_runs(page: str, at: int, code: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_are_examples_to_run() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_an_example_script_runs(example: Path, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, example], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_page_is_what_help_says() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from write_commands import reference
    finally:
        sys.path.remove(str(ROOT / "docs"))
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == reference(), "run `make docs`"


def test_every_link_in_the_pages_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
