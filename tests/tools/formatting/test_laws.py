"""What holds of formatting whatever the source is, and whatever lines of it are asked for."""

import ast
from collections.abc import Sequence

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ganga_quality.changes import FileChange, Span
from ganga_quality.formatting import formatter as formatting
from ganga_quality.formatting.formatter import Style, formatted
from ganga_quality.formatting.patch import differences
from ganga_quality.formatting.sourcetext import SourceText
from ganga_quality.formatting.statements import layout, touched_lines

STYLE = Style()

SIMPLE = (
    "x=1",
    "x  =  'a'",
    "y = {  'a':1,'b' :2 }",
    "f( a,b )",
    "f(a,\n  b , c)",
    "from a import( b,c )",
    "x = 1 ; y = 2",
    "x = 1 + \\\n  2",
    "'''text\n      more  \n  '''",
    "x = '''text\n  more  \n'''",
    "s = f'{a!r:>{b}}'",
    "assert( x ), 'a'",
    "del( x )",
    "lambda  a : a",
    "x = [1,\n  2,\n  # inside\n  3]",
    "x = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccccc) [ 1 ]",
    "x: int=0XFF",
    "if a : b",
    "while a : b ; c",
    "pass  # why",
    "x=1 # fmt: skip",
    "x = ( # here\n  1)",
    "...",
    "( )",
)
HEADERS = (
    "if  a :",
    "while( a ):",
    "for  x in( y ):",
    "with  a as b :",
    "def f( a,b = 1 ):",
    "class A( B ):",
    "class A():",
    "@ c\ndef f( ) :",
    "@c\n\n# between\n@ d( 1 )\nclass D :",
    "async  def g( ) :",
    "try :\n{body}\nexcept( E ) :",
    "try :\n{body}\nfinally  :",
    "if a :\n{body}\nelse :",
    "match  a :\n  case  1 :\n      x=1\n  case  _ if( b ):",
)
BETWEEN = ("", "#why\n", "\n\n\n\n", "\n", "#  why\n\n#not\n", "\n#!odd\n\n\n", "\x0c\n")


def compound(bodies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def build(header: str, body: str, other: str, step: str) -> str:
        if header.startswith("match"):
            return f"{header}\n{indented(body, '    ' + step)}"
        begun = header.replace("{body}", indented(other, step))
        return f"{begun}\n{indented(body, step)}"

    return st.builds(build, st.sampled_from(HEADERS), bodies, bodies, st.sampled_from(["  ", "    ", "\t", "   "]))


def indented(text: str, step: str) -> str:
    """The text deeper by one step, but for lines within a string, which would become another one."""
    lines = text.split("\n")
    within = {line for one in layout(lines).statements for line in one.continued}
    return "\n".join(
        step + line if line.strip() and number not in within else line for number, line in enumerate(lines)
    )


def block(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(st.sampled_from(BETWEEN), statements)
    return st.lists(pair, min_size=1, max_size=4).map(lambda pairs: "\n".join(gap + text for gap, text in pairs))


SOURCES = block(st.recursive(st.sampled_from(SIMPLE), lambda inner: compound(block(inner)), max_leaves=12))
ENDS = st.sampled_from(["\n", "\r\n"])
WANTED = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), min_size=1, max_size=4)


def spans_of(wanted: Sequence[tuple[int, int]]) -> list[Span]:
    return [Span(first, first + more) for first, more in wanted]


def kept(content: bytes, spans: Sequence[Span]) -> list[bytes]:
    """Lines that must stay: of statements and comments that are not touched. Blank ones may come and go."""
    text = SourceText.decoded(content)
    touched = touched_lines(layout(text.lines), text.within(spans))
    lines = zip(text.lines, text.ends, strict=True)
    return [(line + end).encode() for number, (line, end) in enumerate(lines) if number not in touched and line.strip()]


def is_subsequence(few: Sequence[bytes], many: Sequence[bytes]) -> bool:
    remaining = iter(many)
    return all(line in remaining for line in few)


SOME = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@SOME
@given(SOURCES, WANTED, ENDS, st.booleans())
def test_other_statements_stay_byte_by_byte(source: str, wanted: list[tuple[int, int]], end: str, ended: bool) -> None:
    content = (source + "\n" * ended).replace("\n", end).encode()
    spans = spans_of(wanted)
    result = formatted(content, STYLE, spans=spans)
    assert is_subsequence(kept(content, spans), result.splitlines(keepends=True))
    assert is_normal(result) == is_normal(content)


def is_normal(content: bytes) -> str:
    """The syntax tree, but for what black is free to do in texts that nobody reads."""
    tree = ast.parse(content)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = "\n".join(line.strip() for line in node.value.value.split("\n")).strip()
        if isinstance(node, ast.Delete):
            node.targets = [part for target in node.targets for part in getattr(target, "elts", [target])]
    return ast.dump(tree)


@SOME
@given(SOURCES, WANTED)
def test_what_was_formatted_is_left_alone(source: str, wanted: list[tuple[int, int]]) -> None:
    text = SourceText.of(f"{source}\n", "utf-8")
    job = formatting._Job(text, 0, formatting._mode(STYLE, stub=False))
    once = job.partly(text.within(spans_of(wanted)))
    # Where the lines are now, only the job knows: a difference cannot tell statements that are equal from each other.
    assert formatted(once.encoded(), STYLE, spans=once.spans(job._touched)) == once.encoded()


@SOME
@given(SOURCES)
def test_all_lines_are_the_whole_file(source: str) -> None:
    content = f"{source}\n".encode()
    everything = [Span(1, content.count(b"\n"))]
    assert formatted(content, STYLE, spans=everything) == formatted(content, STYLE)


ADDITIONS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(SIMPLE)), min_size=1, max_size=3)


@SOME
@given(SOURCES, ADDITIONS)
def test_a_formatted_file_is_formatted_again_after_additions(source: str, additions: list[tuple[int, str]]) -> None:
    before = formatted(f"{source}\n".encode(), STYLE)
    after = added(before, additions)
    assume(parses(after))
    change = FileChange(path="x.py", old_path="x.py", hunks=differences(before, after))
    result = formatted(after, STYLE, spans=change.places)
    assert result == formatted(after, STYLE)


def added(content: bytes, additions: Sequence[tuple[int, str]]) -> bytes:
    """Some statements came in before others, as deep as these."""
    lines = content.decode().splitlines()
    source = layout(lines)
    for place, text in additions:
        before = source.statements[place % len(source.statements)].first
        # As part of the line that follows, which keeps the lines' numbers as they are.
        lines[before] = "\n".join([indented(text, source.indentation(before)), lines[before]])
    return "".join(f"{line}\n" for line in lines).encode()


def parses(content: bytes) -> bool:
    try:
        ast.parse(content)
    except SyntaxError:
        return False
    return True
