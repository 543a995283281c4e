"""Start the HTTPS services of DIRAC on the tornado of the package registry.

DIRAC runs on a patched tornado, where the class of a TLS stream can be exchanged; this makes the same exchange on the
published one. The exchange is needed because only M2Crypto verifies proxies and hands out the chain of the client.
"""

import collections
import collections.abc
import sys

for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence"):
    # This tornado is older than their removal.
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))

import tornado.httputil  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: E402 - see above
import tornado.iostream  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: E402 - see above
import tornado.tcpserver  # type: ignore[import-not-found,import-untyped,unused-ignore] # noqa: E402 - see above


def _leave_as_it_is(_class: type, _implementation: object, /, **_settings: object) -> None:
    """The patched tornado exchanges its classes here."""


tornado.iostream.SSLIOStream.configure = classmethod(_leave_as_it_is)
tornado.httputil.HTTPServerRequest.configure = classmethod(_leave_as_it_is)

from DIRAC.Core.Tornado.scripts.tornado_start_all import main  # type: ignore[import-not-found] # noqa: E402 - see above
from tornado_m2crypto.m2iostream import M2IOStream  # type: ignore[import-not-found] # noqa: E402 - see above
from tornado_m2crypto.m2netutil import (  # type: ignore[import-not-found] # noqa: E402 - see above
    m2_wrap_socket,
    ssl_options_to_m2_context,
)

_contexts: dict[int, object] = {}


def _wrapped(socket: object, options: object, **settings: object) -> object:
    if id(options) not in _contexts:
        context = ssl_options_to_m2_context(options)
        context.set_session_id_ctx(b"services")
        _contexts[id(options)] = context
    return m2_wrap_socket(socket, _contexts[id(options)], **settings)


def _stream(connection: object, **settings: object) -> object:
    stream = M2IOStream()
    stream.initialize(connection, **settings)
    return stream


def _certificate(request: tornado.httputil.HTTPServerRequest, *_form: object, **_settings: object) -> object:
    return request.connection.stream.socket.get_peer_cert()


def _chain(request: tornado.httputil.HTTPServerRequest) -> object:
    return request.connection.stream.socket.get_peer_cert_chain()


tornado.tcpserver.ssl_wrap_socket = _wrapped
tornado.tcpserver.SSLIOStream = _stream
tornado.httputil.HTTPServerRequest.get_ssl_certificate = _certificate
tornado.httputil.HTTPServerRequest.get_ssl_certificate_chain = _chain

if __name__ == "__main__":
    sys.argv[0] = "tornado-start-all"
    sys.exit(main())
