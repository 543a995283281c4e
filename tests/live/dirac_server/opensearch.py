"""A stand-in for OpenSearch with the few routes that DIRAC's JobParametersDB uses; all in memory.

Job parameters are the only thing kept here: statuses and histories are in the real databases. Run as a program with a
port.
"""

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_VERSION: Json = {"distribution": "opensearch", "number": "2.11.0", "minimum_wire_compatibility_version": "7.10.0"}
_DOCUMENT = re.compile(r"([^/]+)/(_doc|_update|_create)/([^/]+)")
_documents: dict[str, dict[str, dict[str, Json]]] = {}
_indices: set[str] = set()
#: Each connection has a thread, and what one of them goes through no other may change.
_turn = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.split("?")[0].strip("/")
        with _turn:
            status, answer = _answer(self.command, path, body)
            text = json.dumps(answer).encode()
        self._reply(status, text)

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=UTF-8")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _handle  # noqa: N815 - the names that the base class calls


def _answer(verb: str, path: str, body: bytes) -> tuple[int, Json]:
    if not path:
        return 200, {"name": "stand-in", "cluster_name": "stand-in", "cluster_uuid": "none", "version": _VERSION}
    if match := _DOCUMENT.fullmatch(path):
        return _document(verb, match[1], match[3], body)
    if path.endswith(("_search", "_count")):
        return 200, _search(path.partition("/")[0], body)
    if path.endswith("_mget"):
        return 200, _several(path.partition("/")[0], body)
    if verb == "HEAD":
        return (200 if path in _indices or path in _documents else 404), {}
    if verb == "PUT":
        _indices.add(path)
    return 200, {"acknowledged": True, "index": path}


def _document(verb: str, index: str, name: str, body: bytes) -> tuple[int, Json]:
    documents = _documents.setdefault(index, {})
    if verb in {"GET", "HEAD"}:
        return (200 if name in documents else 404), _shown(index, name)
    if verb == "DELETE":
        documents.pop(name, None)
        return 200, {"result": "deleted"}
    wish = json.loads(body)
    documents.setdefault(name, {}).update(wish.get("doc") or wish.get("upsert") or wish)
    return 200, {"_index": index, "_id": name, "result": "updated"}


def _shown(index: str, name: str) -> Json:
    document = _documents.get(index, {}).get(name)
    return {"_index": index, "_id": name, "found": document is not None, "_source": document or {}}


def _search(pattern: str, body: bytes) -> Json:
    wanted = set(re.findall(rb"\d+", body)) if b"JobID" in body else None
    expression = re.compile(pattern.replace("*", ".*"))
    hits: list[Json] = [
        _shown(index, name)
        for index, documents in _documents.items()
        if expression.fullmatch(index)
        for name, document in documents.items()
        if wanted is None or str(document.get("JobID", name)).encode() in wanted
    ]
    total: Json = {"value": len(hits), "relation": "eq"}
    return {"took": 0, "timed_out": False, "hits": {"total": total, "hits": hits}, "count": len(hits)}


def _several(index: str, body: bytes) -> Json:
    wish = json.loads(body)
    wanted = [(index, name) for name in wish.get("ids", [])]
    wanted += [(document.get("_index", index), document["_id"]) for document in wish.get("docs", [])]
    return {"docs": [_shown(place, str(name)) for place, name in wanted]}


class Server(ThreadingHTTPServer):
    """Takes up as many connections at once as all threads of all services may open."""

    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
