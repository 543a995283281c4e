"""GitHub's description of its API as a judge of requests, and as a mould for answers."""

import json
import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from tests.tools.bot.github.slice import SLICE, Json

_HOST = "http://api.github.com"
_REF = "/git/ref"
_WORDS = {"date-time": "2026-01-02T03:04:05Z", "uri": "https://github.com/x", "email": "bot@example.org"}
_PLAIN: dict[str, Json] = {"string": "", "integer": 0, "number": 0, "boolean": False}


class Broken(Exception):
    """A request or an answer that GitHub's description does not know."""


class Contract:
    """What may be asked, and how answers look."""

    def __init__(self) -> None:
        self._document: dict[str, Any] = json.loads(SLICE.read_text("utf-8"))
        self._judge = OpenAPI.from_dict(self._document)

    def matched(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> tuple[str, dict[str, str]]:
        """The path of the description that a valid request is made to, and what it names. Else raises `Broken`."""
        request = _request(method, path, query, body)
        try:
            self._judge.validate_request(request)
        except OpenAPIError as error:
            raise Broken(f"{method} {path}: {error}: {error.__cause__}") from error
        template, named = next(found for found in map(partial(_named, path=path), self._document["paths"]) if found)
        unknown = set(query) - self._parameters(template, method)
        if unknown or (body and self._unknown_fields(template, method, json.loads(body))):
            raise Broken(f"{method} {path}: GitHub knows no such parameter or field: {unknown or body!r}")
        return template, named

    def answer(self, template: str, method: str, status: int, known: Json) -> Json:
        """What is known, with everything else that GitHub always says; itself valid."""
        operation = self._operation(template, method)
        content = _walk(
            self._resolved(_walk(operation, "responses", str(status))), "content", "application/json", "schema"
        )
        return self._filled(content, known) if content is not None else None

    def check_answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, status: int, answer: Json
    ) -> None:
        """Raises `Broken` unless it is one that GitHub might give."""
        reply = MockResponse(json.dumps(answer).encode() if answer is not None else b"", status_code=status)
        try:
            self._judge.validate_response(_request(method, path, query, body), reply)
        except OpenAPIError as error:
            raise Broken(f"answer {status} to {method} {path}: {error}: {error.__cause__}") from error

    def _operation(self, template: str, method: str) -> Json:
        return _walk(self._document, "paths", template, method.lower())

    def _parameters(self, template: str, method: str) -> set[str]:
        listed = _walk(self._operation(template, method), "parameters")
        found = [self._resolved(one) for one in listed] if isinstance(listed, list) else []
        return {str(_walk(one, "name")) for one in found}

    def _unknown_fields(self, template: str, method: str, body: Json) -> set[str]:
        schema = _walk(self._operation(template, method), "requestBody", "content", "application/json", "schema")
        known = _walk(schema, "properties")
        return set(body) - set(known) if isinstance(body, dict) and isinstance(known, dict) else set()

    def _resolved(self, node: Json) -> Json:
        while isinstance(reference := _walk(node, "$ref"), str):
            node = _walk(self._document, *reference.removeprefix("#/").split("/"))
        return node

    def _filled(self, schema: Json, known: Json) -> Json:
        schema = self._resolved(schema)
        if isinstance(known, list):
            return [self._filled(_walk(schema, "items"), item) for item in known]
        if known is not None and not isinstance(known, dict):
            return known
        for choice in ("oneOf", "anyOf", "allOf"):
            if isinstance(choices := _walk(schema, choice), list):
                return self._filled(choices[0], known)
        if known is None and _walk(schema, "nullable"):
            return None
        properties = _walk(schema, "properties")
        if isinstance(properties, dict):
            required = _walk(schema, "required")
            names = {*(required if isinstance(required, list) else ()), *(known or {})}
            return {str(name): self._filled(properties.get(str(name)), (known or {}).get(str(name))) for name in names}
        return known if known is not None else _plain(schema)


@cache
def contract() -> Contract:
    """The one contract: to read it takes half a second."""
    return Contract()


def _named(template: str, path: str) -> tuple[str, dict[str, str]] | None:
    """What a path names, if it is one of this template; only a reference may hold slashes."""
    pattern = re.sub(r"\{(\w+)\}", lambda name: f"(?P<{name[1]}>{'.+' if name[1] == 'ref' else '[^/]+'})", template)
    found = re.fullmatch(pattern, path)
    return (template, found.groupdict()) if found else None


def _request(method: str, path: str, query: Mapping[str, str], body: bytes) -> MockRequest:
    content = "application/json" if body else ""
    return MockRequest(_HOST, method.lower(), _encoded(path), args=dict(query), data=body or None, content_type=content)


def _encoded(path: str) -> str:
    """The path with a reference's slashes hidden, which the judge would take for the path's."""
    start, found, rest = path.partition(_REF)
    plural, _, reference = rest.partition("/")
    return f"{start}{found}{plural}/{reference.replace('/', '%2F')}" if reference else path


def _walk(node: Json, *keys: str) -> Json:
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _plain(schema: Json) -> Json:
    if isinstance(choices := _walk(schema, "enum"), list):
        return choices[0]
    if (kind := str(_walk(schema, "type"))) == "array":
        return []
    if (form := _walk(schema, "format")) in _WORDS:
        return _WORDS[str(form)]
    return _PLAIN.get(kind, {})
