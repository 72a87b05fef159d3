"""The API's own description is the committed one, whole, and says what errors look like."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_the_committed_document_is_what_the_code_says() -> None:
    described = runpy.run_path(str(ROOT / "docs" / "write_openapi.py"))["described"]
    written = (ROOT / "docs" / "openapi.json").read_text("utf-8")
    assert described() == written, "run python docs/write_openapi.py"


def test_the_document_is_served_and_refers_to_nothing_that_is_missing(served: TestClient) -> None:
    told = served.get("/openapi.json").json()
    schemas = told["components"]["schemas"]
    assert references(told) <= {f"#/components/schemas/{name}" for name in schemas}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)


def test_the_examples_of_questions_are_ones(served: TestClient) -> None:
    from lookalike.serve import wire

    told = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["components"]["schemas"]
    for model in (wire.Search, wire.LookQuery):
        assert told[model.__name__]["examples"]
        for example in told[model.__name__]["examples"]:
            model.model_validate(example)
