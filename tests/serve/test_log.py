"""What a server writes to standard error: JSON, line by line, from whomever it comes."""

from __future__ import annotations

import json
import logging
import socket
from pathlib import Path
from urllib.parse import urlsplit

from lookalike.serve.log import Lines
from lookalike.testing.serving import ShopServer


def test_an_error_is_one_line_with_its_traceback() -> None:
    try:
        raise ValueError("7 of\n9")
    except ValueError as error:
        record = logging.LogRecord("lookalike.serve", logging.ERROR, "", 0, "%s failed", ("GET /",), None)
        record.exc_info = (type(error), error, error.__traceback__)
    text = Lines().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert (line["level"], line["from"], line["message"]) == ("error", "lookalike.serve", "GET / failed")
    assert "ValueError: 7 of" in line["error"]


def test_the_server_under_the_application_logs_json_too(shared_store: Path) -> None:
    with ShopServer(shared_store) as server:
        address = urlsplit(server.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
            line.sendall(b"this is no HTTP\r\n\r\n")
            assert b"400" in line.recv(200)
    lines = [json.loads(text) for text in server.log.splitlines() if not text.startswith("serving ")]
    assert any(found["from"] == "uvicorn.error" and "HTTP" in found["message"] for found in lines)
