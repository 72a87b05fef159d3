"""The OpenAPI document: what the routes say of themselves, and what FastAPI cannot read off them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from lookalike.serve import wire

_BY_HAND = (wire.Problem, wire.Search, wire.LookQuery)  # models of bodies that routes read themselves
_REFERENCE = "#/components/schemas/{model}"
_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def body_with_picture(question: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra=` of a route that takes a question as JSON, or as a form with a picture beside it."""
    named = {"$ref": _REFERENCE.format(model=question.__name__)}
    form = {
        "type": "object",
        "required": ["picture"],
        "properties": {
            "picture": {"type": "string", "format": "binary", "description": "The file of a picture."},
            "query": named,
        },
        "additionalProperties": False,
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": named},
                "multipart/form-data": {
                    "schema": form,
                    "encoding": {"query": {"contentType": "application/json"}},
                },
            },
        }
    }


def parameters_of(query: type[BaseModel]) -> dict[str, Any]:
    """`openapi_extra=` of a route that reads its query itself."""
    schema = query.model_json_schema(ref_template=_REFERENCE)
    required = schema.get("required", ())
    return {
        "parameters": [
            {
                "in": "query",
                "name": name,
                "required": name in required,
                "schema": said,
                **({"description": said["description"]} if "description" in said else {}),
            }
            for name, said in schema["properties"].items()
        ]
    }


def add_document(app: FastAPI) -> None:
    """Let the application tell its document, made once."""

    def told() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = told  # type: ignore[method-assign]  # FastAPI's own way to extend it


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application, in plain values."""
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for model in _BY_HAND:
        schema = model.model_json_schema(ref_template=_REFERENCE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    found["components"]["securitySchemes"] = _KEYS
    found["security"] = [{}, *({name: []} for name in _KEYS)]
    found["components"]["schemas"] = dict(sorted(schemas.items()))
    return found
