"""What was found on this machine that is a target, or could be one, and why the rest cannot be."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ganga.backends.base import Discovery
from ganga.cli.words import safe


def print_hint(others: Mapping[str, Discovery]) -> None:
    """Print that these are here and no targets yet."""
    if others:
        print(f"\nHere, and no target yet: {', '.join(others)} ('ganga targets --find' says how)")


def print_found(found: Mapping[str, Discovery], targets: Mapping[str, Sequence[str]], file: Path) -> None:
    """Print what was found, a line each, with the targets that there are; then how to make targets of the others."""
    for heading, lines in (
        ("Found on this machine:", [_line(name, one, targets[name]) for name, one in found.items() if one.found]),
        ("Not found:", [_line(name, one, targets[name]) for name, one in found.items() if not one.found]),
    ):
        if lines:
            print("\n".join([heading, *lines, ""]))
    usable = [settings_lines(name, one) for name, one in found.items() if _usable(one) and not targets[name]]
    if usable:
        print(f"To make targets of what is none yet, add to {safe(str(file))}:\n")
        print("\n".join(usable), end="")


def settings_lines(name: str, discovery: Discovery) -> str:
    """The table of a target in the settings file."""
    values = (f"{key} = {msgspec.json.encode(value).decode()}\n" for key, value in discovery.settings.items())
    return f"[targets.{name}]\n{''.join(values)}"


def discovery_object(name: str, discovery: Discovery, targets: Sequence[str]) -> dict[str, object]:
    """As JSON shows it; `targets` are those that there are already."""
    return {
        "backend": name,
        "found": discovery.found or None,
        "obstacle": discovery.obstacle,
        "targets": targets,
        "toml": settings_lines(name, discovery) if _usable(discovery) else None,
    }


def _usable(discovery: Discovery) -> bool:
    return bool(discovery.found) and discovery.obstacle is None


def _line(name: str, discovery: Discovery, targets: Sequence[str]) -> str:
    target = f"target {', '.join(targets)}" if targets else ""
    return f"  {name:12} {safe('; '.join(filter(None, (discovery.found, discovery.obstacle, target))))}"
