"""Cuts out of GitHub's description of its API what the bot uses, compact and without words.

    npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-23.0.2.tgz
    python -m tests.tools.bot.github.slice package/generated/api.github.com.json

writes ``openapi.json`` beside this file. The description is GitHub's, under the MIT licence
(``openapi.license``); nothing in it is changed, much is left out.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

SLICE = Path(__file__).with_name("openapi.json")
Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

_REPOSITORY = "/repos/{owner}/{repo}"
_USED = {
    "/pulls": {"get", "post"},
    "/pulls/{pull_number}": {"get", "patch"},
    "/pulls/{pull_number}/files": {"get"},
    "/pulls/{pull_number}/reviews": {"get", "post"},
    "/pulls/{pull_number}/reviews/{review_id}": {"put"},
    "/pulls/{pull_number}/reviews/{review_id}/comments": {"get"},
    "/pulls/comments/{comment_id}": {"delete"},
    "/issues/{issue_number}/comments": {"get", "post"},
    "/issues/comments/{comment_id}": {"patch", "delete"},
    "/git/trees": {"post"},
    "/git/trees/{tree_sha}": {"get"},
    "/git/blobs": {"post"},
    "/git/blobs/{file_sha}": {"get"},
    "/git/commits": {"post"},
    "/git/commits/{commit_sha}": {"get"},
    "/git/ref/{ref}": {"get"},
    "/git/refs": {"post"},
    "/git/refs/{ref}": {"patch", "delete"},
}
#: Words for readers, and what only other programs need; as keys of a schema, not as names of properties.
_WORDS = {"description", "summary", "example", "examples", "externalDocs", "tags", "operationId", "title", "deprecated"}


def main(source: Path) -> None:
    """Write the slice of the whole description."""
    whole = json.loads(source.read_text("utf-8"))
    paths = {
        f"{_REPOSITORY}{path}": _operations(whole["paths"][f"{_REPOSITORY}{path}"], used)
        for path, used in _USED.items()
    }
    document: dict[str, Json] = {
        "openapi": whole["openapi"],
        "info": {"title": "GitHub", "version": whole["info"]["version"]},
        "paths": paths,
        "components": _components(whole, paths),
    }
    SLICE.write_text(json.dumps(document, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    print(f"{SLICE}: {SLICE.stat().st_size:,} bytes, {len(paths)} paths")


def _operations(item: dict[str, dict[str, Json]], used: set[str]) -> Json:
    return {method: _without_words(operation) for method, operation in item.items() if method in used}


def _without_words(node: Json, under: str = "") -> Json:
    """Without words, and with JSON as the only type of content; ``under`` is the key that the node stands under."""
    if isinstance(node, list):
        return [_without_words(item) for item in node]
    if not isinstance(node, dict):
        return node
    if under in {"properties", "responses", "headers"}:
        # The keys are names here, whatever they look like.
        return {name: _described(_without_words(value), under) for name, value in node.items()}
    if "application/json" in node:
        node = {"application/json": node["application/json"]}
    return {key: _without_words(value, key) for key, value in node.items() if not _is_word(key)}


def _is_word(key: str) -> bool:
    return key in _WORDS or key.startswith("x-")


def _described(node: Json, under: str) -> Json:
    """A response must have a description, if an empty one."""
    return node if under != "responses" or not isinstance(node, dict) or "$ref" in node else {**node, "description": ""}


def _components(whole: dict[str, dict[str, dict[str, Json]]], paths: Json) -> Json:
    components: dict[str, dict[str, Json]] = {}
    waiting = list(_references(paths))
    while waiting:
        _, _, kind, name = waiting.pop().split("/")
        if name not in components.setdefault(kind, {}):
            found = whole["components"][kind][name]
            components[kind][name] = _described(_without_words(found), kind)
            waiting += _references(components[kind][name])
    return dict(components)


def _references(node: Json) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield str(node["$ref"])
        for value in node.values():
            yield from _references(value)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
