"""Run by the Python of the services: starts the HTTPS services of DIRAC on the tornado of the package registry.

DIRAC runs on a patched tornado, where the class of a TLS stream can be exchanged; this makes the same exchange on the
published one. The exchange is needed because only M2Crypto verifies proxies and hands out the chain of the client.
"""

import collections
import collections.abc
import sys

for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "Sequence"):
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))

import tornado.httputil
import tornado.iostream
import tornado.tcpserver


def _leave_as_it_is(_class, _implementation, **_settings):
    return None


tornado.iostream.SSLIOStream.configure = classmethod(_leave_as_it_is)
tornado.httputil.HTTPServerRequest.configure = classmethod(_leave_as_it_is)

from tornado_m2crypto.m2iostream import M2IOStream
from tornado_m2crypto.m2netutil import m2_wrap_socket, ssl_options_to_m2_context

_contexts = {}


def _wrapped(socket, options, server_hostname=None, **settings):
    if id(options) not in _contexts:
        context = _contexts[id(options)] = ssl_options_to_m2_context(options)
        context.set_session_id_ctx(b"services")
    return m2_wrap_socket(socket, _contexts[id(options)], server_hostname=server_hostname, **settings)


def _stream(connection, **settings):
    stream = M2IOStream()
    stream.initialize(connection, **settings)
    return stream


def _certificate(request, binary_form=False):
    return request.connection.stream.socket.get_peer_cert()


def _chain(request):
    return request.connection.stream.socket.get_peer_cert_chain()


tornado.tcpserver.ssl_wrap_socket = _wrapped
tornado.tcpserver.SSLIOStream = _stream
tornado.httputil.HTTPServerRequest.get_ssl_certificate = _certificate
tornado.httputil.HTTPServerRequest.get_ssl_certificate_chain = _chain

from DIRAC.Core.Tornado.scripts.tornado_start_all import main

sys.argv[0] = "tornado-start-all"
sys.exit(main())
