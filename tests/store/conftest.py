"""The contract suite asserts in plain words; pytest makes them speak."""

import pytest

pytest.register_assert_rewrite("lookalike.testing.contracts")
