"""A server that is killed while it takes changes: what it acknowledged is there, and nothing is half."""

from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.testing.serving import killed_serving, make_store

if not Path("/proc/self/smaps_rollup").exists():
    pytest.skip("who lives and how much memory it has is read off /proc", allow_module_level=True)


def test_what_a_killed_server_acknowledged_is_there_when_it_is_started_again(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for seed in range(2):
        assert killed_serving(store, seed=seed, most=5).wrong == ""
