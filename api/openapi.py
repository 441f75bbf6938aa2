"""An application in, its OpenAPI document completed out: lasting ids, a summary and the problems of each operation."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.errors import MEDIA_TYPE, Problem

_EXAMPLE = {
    "type": "urn:rmo:problem:not_found",
    "title": "Not Found",
    "status": 404,
    "code": "not_found",
    "detail": "There is no such plan.",
    "errors": [{"field": "plan", "message": "There is no such plan."}],
}


def operation_id(route: APIRoute) -> str:
    """`plans.post_plan`: the same as long as room and function keep their names."""
    room = str(route.tags[0]).replace(" ", "_") if route.tags else "service"
    return f"{room}.{route.name}"


def describe(app: FastAPI) -> None:
    """From now on the application's document is complete."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        schema = plain()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            schemas["Problem"] = Problem.model_json_schema() | {"examples": [_EXAMPLE]}
            for path in schema["paths"].values():
                for operation in path.values():
                    _complete(operation)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(operation: dict[str, Any]) -> None:
    """The summary is the first clause of what the handler says of itself."""
    said = str(operation.get("description", "")).split("\n")[0]
    operation["summary"] = _first_sentence(said) or operation["summary"]
    for status, response in operation["responses"].items():
        if status.startswith(("4", "5")) and MEDIA_TYPE not in response.get("content", {}):
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _first_sentence(text: str) -> str:
    ends = [text.find(mark) for mark in (". ", ": ", "; ") if mark in text]
    return text[: min(ends)] if ends else text.rstrip(".")
