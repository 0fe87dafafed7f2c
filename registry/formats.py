"""The template formats a prompt may declare and what parsing one tells us; nothing is rendered."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from string import Formatter
from typing import Any, NamedTuple, cast

from jinja2 import TemplateSyntaxError, meta, nodes, pass_context
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream, ignore_if_empty, ignored_tokens
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from registry.errors import InvalidDocument, TemplateDoesNotParse

FORMATS = ("jinja2", "mustache", "f-string", "none")

_SUFFIXES = {
    ".jinja2": "jinja2",
    ".jinja": "jinja2",
    ".j2": "jinja2",
    ".mustache": "mustache",
    ".hbs": "mustache",
    ".handlebars": "mustache",
}

_NEWLINE = re.compile(r"\r\n|\r|\n")

#: tokens of a Jinja2 template, texts between its tags among them; a second or two to read
MAX_TOKENS = 50_000

# What hostile input can make a parser raise besides its own syntax error: nesting that exhausts
# the stack, and numbers too long to convert.
_HOSTILE = (RecursionError, OverflowError, ValueError, MemoryError)


@dataclass(frozen=True)
class Parsed:
    """What a template asks its caller for: the names of its variables, sorted, each once."""

    variables: tuple[str, ...]


class Position(NamedTuple):
    """A place in a text; lines and columns count from 1, columns in code points."""

    line: int
    column: int


def position(text: str, offset: int) -> Position:
    """Return the line and column of a code point offset; LF, CRLF and CR each end a line."""
    before = text[:offset]
    line = before.count("\n") + before.count("\r") - before.count("\r\n") + 1
    start = max(before.rfind("\n"), before.rfind("\r")) + 1
    return Position(line, offset - start + 1)


def parse(template: str, template_format: str) -> Parsed:
    """Parse a template in its declared format or raise TemplateDoesNotParse (line, column)."""
    reader = _READERS.get(template_format)
    if reader is None:
        raise InvalidDocument(
            f"The template format “{template_format}” is not known. "
            f"Use one of: {', '.join(FORMATS)}."
        )
    return Parsed(tuple(sorted(set(reader(template)))))


def format_by_suffix(suffix: str, template: str) -> tuple[str, bool]:
    """Return the format that a file's suffix declares and whether it fell back to "none"."""
    declared = _SUFFIXES.get(suffix.lower(), "none")
    try:
        parse(template, declared)
    except TemplateDoesNotParse:
        return "none", True
    return declared, False


def _refuse(
    template: str, offset: int, problem: str, fix: str, language: str
) -> TemplateDoesNotParse:
    return _refuse_at(position(template, offset), problem, fix, language)


def _refuse_at(place: Position, problem: str, fix: str, language: str) -> TemplateDoesNotParse:
    return TemplateDoesNotParse(
        f"Line {place.line}, column {place.column}: {problem}. {fix}, "
        f"or declare another template format than {language}.",
        line=place.line,
        column=place.column,
    )


# --- jinja2 ---------------------------------------------------------------------------------------


@pass_context
def _opaque(*_: object) -> object:
    """Stand in for every filter and test: one that takes the context is never run while parsing."""
    raise AssertionError("a template is parsed, never rendered")


class _AnyName(dict[str, Callable[..., Any]]):
    """Knows every filter name: which filters exist is the application's business, not ours."""

    @override
    def get(self, key: str, default: Any = None) -> Any:
        return _opaque


class _Counter(Extension):
    """Counts the tokens handed to the parser, so that a syntax error can be given a column.

    It ends a template that would keep a page waiting: real ones have a few hundred tokens.
    """

    handed = 0

    @override
    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        self.handed = 0
        for token in stream:
            self.handed += 1
            if self.handed > MAX_TOKENS:
                raise TemplateSyntaxError(
                    f"the tags up to here have more than {MAX_TOKENS:,} words and signs",
                    token.lineno,
                )
            yield token


def jinja_environment() -> ImmutableSandboxedEnvironment:
    """Return a parse-only sandbox that folds no constant, so that 9**9**9 costs nothing to read."""
    environment = ImmutableSandboxedEnvironment(
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", _Counter], cache_size=0
    )
    environment.intercepted_binops = frozenset(environment.default_binop_table)
    environment.intercepted_unops = frozenset(environment.default_unop_table)
    environment.filters = cast(Any, _AnyName())
    environment.tests = cast(Any, _AnyName())
    return environment


def jinja_tree(template: str) -> nodes.Template:
    """Return the Jinja2 syntax tree of a template, or raise TemplateDoesNotParse."""
    return _jinja_parse(template, jinja_environment())


def _jinja_parse(template: str, environment: ImmutableSandboxedEnvironment) -> nodes.Template:
    try:
        return environment.parse(template)
    except TemplateSyntaxError as error:
        place = _jinja_place(template, environment, error.lineno)
        problem = (error.message or "the template is not valid").rstrip(".")
        too_many = _counter(environment).handed > MAX_TOKENS
        fix = "Split the template" if too_many else "Mend the tag there"
        raise _refuse_at(place, problem, fix, "jinja2") from None
    except _HOSTILE:
        raise _jinja_hostile() from None


def _counter(environment: ImmutableSandboxedEnvironment) -> _Counter:
    return cast(_Counter, environment.extensions[_Counter.identifier])


def _jinja_variables(template: str) -> Iterable[str]:
    environment = jinja_environment()
    tree = _jinja_parse(template, environment)
    try:
        return meta.find_undeclared_variables(tree)
    except TemplateSyntaxError as error:
        place = _first_tag(template, error.lineno)
        problem = (error.message or "the template is not valid").rstrip(".")
        raise _refuse_at(place, problem, "Mend the tag there", "jinja2") from None
    except _HOSTILE:
        raise _jinja_hostile() from None


def _jinja_hostile() -> TemplateDoesNotParse:
    return _refuse_at(
        Position(1, 1),
        "an expression is nested too deeply, or a number in it is too long, to be read safely",
        "Split it into simpler parts",
        "jinja2",
    )


def _jinja_place(template: str, environment: ImmutableSandboxedEnvironment, line: int) -> Position:
    """Jinja2 names only the line; find the token at which its lexer or its parser gave up."""
    counter = _counter(environment)
    text = _NEWLINE.sub("\n", template)
    starts, offset = [0], 0
    try:
        for _, kind, value in environment.lex(text):
            found = text.find(value, offset)
            start = found if found >= 0 else offset
            offset = start + len(value) if found >= 0 else offset
            skipped = kind in ignored_tokens or kind in {"raw_begin", "raw_end"}
            if not skipped and (value or kind not in ignore_if_empty):
                starts.append(start)
            if len(starts) > MAX_TOKENS:
                break
    except TemplateSyntaxError:
        place = position(text, offset)
    except _HOSTILE:
        return _first_tag(text, line)
    else:
        place = position(text, starts[min(counter.handed, len(starts) - 1)])
    return place if place.line == line else _first_tag(text, line)


def _first_tag(template: str, line: int) -> Position:
    lines = _NEWLINE.split(template)
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    tag = re.search(r"\{[{%#]", text)
    return Position(max(line, 1), tag.start() + 1 if tag else 1)


# --- mustache -------------------------------------------------------------------------------------

_MUSTACHE_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[\w-]+)*\Z")
_MUSTACHE_FIX = "Write a tag as {{name}}, and close every section"


def _mustache_variables(template: str) -> Iterator[str]:
    opened: list[tuple[str, int]] = []
    for offset, sigil, name in _mustache_tags(template):
        if sigil == ">":
            continue
        if name != "." and not _MUSTACHE_NAME.match(name):
            shown = name[:40] or "an empty tag"
            problem = f"“{shown}” is not a name that mustache can look up"
            raise _refuse(template, offset, problem, _MUSTACHE_FIX, "mustache")
        if sigil in {"#", "^"}:
            opened.append((name, offset))
        elif sigil == "/":
            if not opened or opened[-1][0] != name:
                expected = f", where “{opened[-1][0]}” is open" if opened else ", and none is open"
                problem = f"this closes the section “{name}”{expected}"
                raise _refuse(template, offset, problem, _MUSTACHE_FIX, "mustache")
            opened.pop()
            continue
        if name != ".":
            yield name.split(".", 1)[0]
    if opened:
        name, offset = opened[-1]
        problem = f"the section “{name}” is never closed"
        raise _refuse(template, offset, problem, _MUSTACHE_FIX, "mustache")


def _mustache_tags(template: str) -> Iterator[tuple[int, str, str]]:
    """Yield (offset, sigil, name) of every tag, following changes of the delimiters."""
    left, right = "{{", "}}"
    at = template.find(left)
    while at >= 0:
        inner = at + len(left)
        sigil = template[inner : inner + 1]
        triple = sigil == "{" and left == "{{"
        closing = {"=": "=" + right, "{": "}" + right if triple else right}.get(sigil, right)
        end = template.find(closing, inner + 1 if sigil in {"=", "{"} else inner)
        if end < 0:
            raise _refuse(
                template,
                at,
                f"the tag opened here is never closed with “{closing}”",
                _MUSTACHE_FIX,
                "mustache",
            )
        if sigil == "=":
            pair = template[inner + 1 : end].split()
            if len(pair) != 2 or any("=" in mark for mark in pair):
                problem = "a change of delimiters needs exactly two, with a space between"
                raise _refuse(template, at, problem, _MUSTACHE_FIX, "mustache")
            left, right = pair
        elif sigil != "!":
            has_sigil = triple or sigil in {"&", "#", "^", "/", ">"}
            body = template[inner + 1 if has_sigil else inner : end]
            yield at, sigil if has_sigil else "", body.strip()
        at = template.find(left, end + len(closing))


# --- f-string -------------------------------------------------------------------------------------

_FIELD_FIX = "Write a field as {name} and a literal brace twice"


def _fields(template: str, shift: int, whole: str, depth: int = 0) -> Iterator[str]:
    """Yield the variables of a Python format string; shift is its offset inside the whole."""
    offset = 0
    try:
        for literal, name, spec, conversion in Formatter().parse(template):
            offset += len(literal)
            if name is None:
                # A doubled brace comes back single, as the end of its literal.
                if literal[-1:] in {"{", "}"} and template[offset : offset + 1] == literal[-1]:
                    offset += 1
                continue
            head = re.split(r"[.\[]", name, maxsplit=1)[0]
            if not (head.isidentifier() or head.isdecimal()):
                problem = f"“{head[:40]}” is not a name" if head else "a field has no name"
                raise _refuse(whole, shift + offset, problem, _FIELD_FIX, "f-string")
            if conversion not in {None, "r", "s", "a"}:
                problem = f"the conversion “!{conversion}” is not one of !r, !s and !a"
                raise _refuse(whole, shift + offset, problem, _FIELD_FIX, "f-string")
            yield head
            after = offset + 1 + len(name) + (2 if conversion else 0)
            if template[after : after + 1] == ":":
                after += 1
                if depth and "{" in (spec or ""):
                    problem = "fields are nested too deeply"
                    raise _refuse(whole, shift + offset, problem, _FIELD_FIX, "f-string")
                yield from _fields(spec or "", shift + after, whole, depth + 1)
            offset = after + len(spec or "") + 1
    except _HOSTILE as error:
        brace = re.compile(r"(?:\{\{|\}\}|[^{}])*").match(template, offset)
        at = min(brace.end() if brace else offset, max(len(template) - 1, 0))
        raise _refuse(whole, shift + at, str(error).rstrip("."), _FIELD_FIX, "f-string") from None


def _field_variables(template: str) -> Iterator[str]:
    return _fields(template, 0, template)


def _no_variables(template: str) -> Iterable[str]:
    return ()


_READERS: dict[str, Callable[[str], Iterable[str]]] = {
    "jinja2": _jinja_variables,
    "mustache": _mustache_variables,
    "f-string": _field_variables,
    "none": _no_variables,
}
