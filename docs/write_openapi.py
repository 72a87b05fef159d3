"""Writes docs/openapi.json, what the API says of itself, so that the two cannot differ (a test compares them)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lookalike.serve.app import routed
from lookalike.serve.document import document
from lookalike.serve.service import Settings


def described() -> str:
    """The OpenAPI document, as it is written."""
    return json.dumps(document(routed(Settings())), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    page = Path(__file__).with_name("openapi.json")
    page.write_text(described(), encoding="utf-8")
    sys.stderr.write(f"{page} written\n")
