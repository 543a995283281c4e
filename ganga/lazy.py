"""Packages whose names are loaded when they are first used, so that importing the package costs nothing (PEP 562)."""

from collections.abc import Callable, Mapping
from importlib import import_module


def loaded_on_use(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The ``__getattr__`` of a package, by where each of its names lives below it: ``MODULE``, or ``MODULE:NAME`` if it
    has another name there. What this returns raises `AttributeError` for all other names.
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, inner = homes[name].partition(":")
        return getattr(import_module(f"{package}.{module}"), inner or name)

    return load
