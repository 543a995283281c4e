"""Text of unknown origin, made harmless for the place where it is shown. Pure.

Names of files, source lines, messages and branches come from whoever wrote the change: each may hold control
characters, Markdown, HTML, commands for the runner of GitHub Actions, or bytes that are no text at all.
"""

import re
from unicodedata import category

_BACKTICKS = re.compile("`+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SURROGATES_OF_BYTES = range(0xDC80, 0xDD00)


def valid(text: str) -> str:
    r"""The text as UTF-8 can hold it: a byte that was none stands as ``\xff``, half a surrogate pair as ``\ud800``."""
    return _SURROGATES.sub(lambda match: _escape(match[0]), text)


def printable(text: str) -> str:
    r"""One line of valid text that moves no cursor: line ends and what cannot be seen stand as ``\n``, ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or category(char) == "Zs" else _escape(char) for char in text)


def logged(text: str) -> str:
    """Printable text for a line of a log, which the runner of GitHub Actions searches for ``##[command]`` anywhere."""
    return printable(text).replace("##[", r"##\x5b")


def shortened(text: str, most: int) -> str:
    """At most so many characters, the last of them three dots if something was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def code(text: str) -> str:
    """A code span of Markdown that shows the text: nothing in it is markup, a link, an @mention or a #number.

    Not for tables: see `cell`. Empty text stays empty, since there is no empty code span.
    """
    shown = printable(text)
    if not shown:
        return ""
    fence = "`" * (_longest_run(shown) + 1)
    # A blank beside the fence belongs to it if there is one at both ends.
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str) -> str:
    r"""A code span for a cell of a Markdown table: as `code`, and the text cannot end its cell.

    A backslash before a bar gets a blank behind it: readers do not agree on what ``\\|`` means.
    """
    return code(text.replace("\\|", "\\ |")).replace("|", r"\|")


def fenced(text: str, language: str = "") -> str:
    """A fenced block of Markdown with exactly this text, but for what UTF-8 cannot hold; ends with a line end."""
    content = valid(text)
    fence = "`" * max(3, _longest_run(content) + 1)
    end = "" if not content or content.endswith("\n") else "\n"
    return f"{fence}{language}\n{content}{end}{fence}\n"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _escape(char: str) -> str:
    if ord(char) in _SURROGATES_OF_BYTES:
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")
