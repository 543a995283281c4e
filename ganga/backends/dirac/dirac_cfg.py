"""DIRAC's own configuration format, as far as it is needed to find the services. Pure.

Section
{
  Option = value
  Option += a further value
}
"""

from typing import TypeAlias

#: The options and sections of one section by their name.
Section: TypeAlias = dict[str, "Section | str"]

#: Deeper nesting than any installation has.
DEEPEST = 64


class CfgError(ValueError):
    """The text is no configuration; it says in which line."""


def parse(text: str) -> Section:
    """The sections and options. Raises `CfgError`."""
    open_sections: list[Section] = [{}]
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.strip()
        while words and not words.startswith("#"):
            if words[0] in "{}":
                name = _brace(words[0], name, open_sections, number)
                words = words[1:].strip()
            elif _is_option(words):
                _set(open_sections[-1], words)
                words = ""
            else:
                name, words = _name(words)
    if len(open_sections) > 1:
        raise CfgError(f"{len(open_sections) - 1} sections are not closed at the end")
    return open_sections[0]


def option(section: Section, path: str) -> str:
    """The value at ``/Section/Option``; empty if there is none."""
    found = _at(section, path)
    return found if isinstance(found, str) else ""


def subsection(section: Section, path: str) -> Section:
    """The section at ``/Section/Section``; empty if there is none."""
    found = _at(section, path)
    return found if isinstance(found, dict) else {}


def values(text: str) -> list[str]:
    """The parts of a value that is a list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def merged(first: Section, second: Section) -> Section:
    """Both; where both have an option, the first's holds."""
    result = dict(second)
    for name, value in first.items():
        other = result.get(name)
        both = isinstance(value, dict) and isinstance(other, dict)
        result[name] = merged(value, other) if both else value  # type: ignore[arg-type] # - as `both` says
    return result


def _brace(brace: str, name: str, open_sections: list[Section], number: int) -> str:
    if brace == "{":
        if not name or len(open_sections) > DEEPEST:
            raise CfgError(f"line {number}: a section begins without a name, or too deep")
        inner = open_sections[-1].setdefault(name, {})
        if isinstance(inner, str):
            raise CfgError(f"line {number}: {name} is an option already")
        open_sections.append(inner)
    elif len(open_sections) == 1:
        raise CfgError(f"line {number}: a section ends that has not begun")
    else:
        open_sections.pop()
    return ""


def _is_option(words: str) -> bool:
    return "=" in words.split("{", maxsplit=1)[0]


def _set(section: Section, words: str) -> None:
    name, _, value = words.partition("=")
    name, value = name.strip(), value.strip()
    if name.endswith("+"):
        name = name[:-1].strip()
        before = section.get(name)
        value = f"{before}, {value}" if isinstance(before, str) and before else value
    section[name] = value


def _name(words: str) -> tuple[str, str]:
    end = min((words.find(brace) for brace in "{}" if brace in words), default=len(words))
    return words[:end].strip(), words[end:]


def _at(section: Section, path: str) -> "Section | str | None":
    found: Section | str | None = section
    for name in path.strip("/").split("/"):
        found = found.get(name) if isinstance(found, dict) else None
    return found
