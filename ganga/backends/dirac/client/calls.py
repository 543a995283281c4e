"""Calls of DIRAC's own client, each from one question in plain data to one answer in JSON. Blocks.

The only module that imports DIRAC, and it does so when it is used. It runs in the process of ganga or in the helper,
where ganga is not installed. DIRAC's settings are those of the process; whose proxy is presented is said in each call.
"""

import json
import os
import random
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from importlib import import_module
from typing import Protocol, TypeAlias, cast

#: The system's number for a file that is too large, as DIRAC numbers its errors.
_TOO_LARGE = 27
#: What is passed on of DIRAC's way to return; its call stack is not.
_PASSED_ON = ("OK", "Value", "Message", "Errno", "requireProxyUpload")

Question: TypeAlias = Mapping[str, object]
Result: TypeAlias = Mapping[str, object]


class _Client(Protocol):
    """What is used of DIRAC's clients: any other attribute is a method of the service."""

    timeout: float

    def setServer(self, url: str) -> None:  # noqa: N802 - DIRAC's own name
        """Speak to the service at this address, or of this name."""
        ...

    def ping(self) -> Result:
        """Whether it is there."""
        ...


@cache
def start() -> None:
    """Read the configuration that DIRAC finds, once for the process. Raises what DIRAC raises, and `ImportError` if it
    is not there.
    """
    import_module("DIRAC").initialize(require_auth=False)


def answer(question: Question) -> bytes:
    """What DIRAC's client returns for the question, in DIRAC's own JSON; what it raises is an error like those.

    `made_here` says of an error that no server sent it: the client could not ask.
    """
    try:
        result = _KINDS[str(question["kind"])](question)
        passed_on = {key: result[key] for key in _PASSED_ON if key in result}
        told = {"result": passed_on, "made_here": not result["OK"] and _made_here(result)}
        return json.dumps(told, default=_in_json).encode()
    except BaseException as error:  # noqa: BLE001 - of DIRAC and its extensions; a SystemExit ends nothing either
        failed = {"OK": False, "Message": f"{type(error).__name__}: {error}"}
        return json.dumps({"result": failed, "made_here": True}).encode()


def _method(question: Question) -> Result:
    """One method of a service, at the first address where it can be asked."""
    result: Result = {"OK": False, "Message": "no address"}
    for address in _addresses(question):
        result = _call(address, question)
        if result["OK"] or not _made_here(result):
            break
    return result


def _call(address: str, question: Question) -> Result:
    method: Callable[..., Result] = getattr(_client(address, question), str(question["method"]))
    return method(*cast("list[object]", question["arguments"]))


def _download(question: Question) -> Result:
    path, limit = str(question["path"]), int(str(question["largest"]))
    client, address = _transfer(question)
    name = str(question["name"])
    if address.startswith("https:"):
        # The path of a service is part of the name, and that of an HTTPS service is another one.
        name = name.replace("/SandboxStore", "/TornadoSandboxStore", 1)
    result = client.receiveFile(path, name, "")
    if result["OK"] and os.path.getsize(path) > limit:  # noqa: PTH202 - text all the way to DIRAC
        os.unlink(path)  # noqa: PTH108 - likewise
        return {"OK": False, "Errno": _TOO_LARGE, "Message": f"the file has more than {limit} bytes"}
    return result


def _upload(question: Question) -> Result:
    client, _address = _transfer(question)
    return client.sendFile(str(question["path"]), [str(question["name"]), {}])


_KINDS: Mapping[str, Callable[[Question], Result]] = {"method": _method, "download": _download, "upload": _upload}


class _Transfer(Protocol):
    def receiveFile(self, path: str, *arguments: str) -> Result:  # noqa: N802 - DIRAC's own name
        ...

    def sendFile(self, path: str, name: list[object]) -> Result:  # noqa: N802 - DIRAC's own name
        ...


def _client(address: str, question: Question) -> _Client:
    client = _client_class(str(question["service"]))(**_identity(question))
    client.timeout = float(str(question["timeout"]))
    client.setServer(address)
    return client


@cache
def _client_class(service: str) -> Callable[..., _Client]:
    system, _, name = service.partition("/")
    """The installation's own class, which may be an extension's."""
    plain: type[_Client] = import_module("DIRAC.Core.Base.Client").Client
    loader = import_module("DIRAC.Core.Utilities.ObjectLoader").ObjectLoader()
    found = loader.loadObject(f"{system}System.Client.{name}Client", hideExceptions=True)
    own = found["Value"] if found["OK"] else None
    return cast("Callable[..., _Client]", own) if isinstance(own, type) and issubclass(own, plain) else plain


def _transfer(question: Question) -> tuple[_Transfer, str]:
    address = _addresses({**question, "once": True})[0]
    selector = import_module("DIRAC.Core.Tornado.Client.ClientSelector").TransferClientSelector
    client: _Transfer = selector(address, timeout=question["timeout"], **_identity(question))
    return client, address


def _addresses(question: Question) -> list[str]:
    """Those that are given, or the name of the service, for which DIRAC finds its servers and tries them in turn.

    Where a second try could do again what the first has done, it is one server, the first that is there.
    """
    service = str(question["service"])
    given = cast("list[str]", question["addresses"])
    found = given or _configured(service)
    if question.get("once"):
        # Not the same each time: whoever is silent uses up all the time there is for a try.
        found = random.sample(found, len(found))
        return [next((url for url in found if _client(url, question).ping()["OK"]), found[0])]
    return given or [service]


def _configured(service: str) -> list[str]:
    """Raises `LookupError` if there is none."""
    finder = import_module("DIRAC.ConfigurationSystem.Client.PathFinder")
    if hasattr(finder, "useLegacyAdapter") and finder.useLegacyAdapter(service):
        # Its client for this reads the first hundred jobs of an answer and says nothing of the others.
        raise NotImplementedError(f'this installation has {service} on DiracX: set road = "diracx"')
    found: list[str] = finder.getServiceURLs(service)
    return found or _looked_up(service)


def _looked_up(service: str) -> list[str]:
    """The Configuration Service may have been away when DIRAC was loaded: ask it now. Raises `LookupError`."""
    asked: Result = import_module("DIRAC").gConfig.forceRefresh()
    addresses: list[str] = import_module("DIRAC.ConfigurationSystem.Client.PathFinder").getServiceURLs(service)
    if not addresses:
        words = "it is not in the configuration" if asked["OK"] else asked["Message"]
        raise LookupError(f"DIRAC's client finds no address of {service}: {words}")
    return addresses


def _identity(question: Question) -> dict[str, object]:
    return {"proxyLocation": question["proxy"]}


def _made_here(result: Result) -> bool:
    """Whether an error arose in this process: the stack of one that does leads through this file."""
    stack = result.get("CallStack")
    return __file__ in str(stack)


def _in_json(value: object) -> object:
    if isinstance(value, datetime | date):
        return {"__dCls": "dt", "obj": str(value)}
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"DIRAC's client returned a {type(value).__name__}, for which there is no JSON")
