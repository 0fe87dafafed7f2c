"""Unsafe templates: read from the syntax tree and from fixed patterns, never rendered."""

import re
from collections.abc import Iterator
from itertools import islice

from jinja2 import nodes

from approvals.scanning.findings import MOST_HITS, Context, Hit, Rule
from approvals.scanning.words import words
from registry.errors import TemplateDoesNotParse
from registry.formats import jinja_tree

WALK = Rule(
    "template.attribute_walk", "high", 90, "walk through an object's internals",
    "This reaches through an object's internals, from where any code can be run.",
    "Pass the value itself as a variable and print only that.",
)  # fmt: skip
DANGEROUS_CALL = Rule(
    "template.dangerous_call", "high", 85, "call of a dangerous function",
    "This calls a function that can read files, run programs or reach the application's objects.",
    "Do this in the application and pass only the outcome as a variable.",
)  # fmt: skip
FOREIGN_FILE = Rule(
    "template.other_file", "moderate", 80, "use of another file",
    "This pulls in another file, which this review cannot see.",
    "Write the text of that file into this prompt.",
)  # fmt: skip
HUGE = Rule(
    "template.huge_work", "moderate", 75, "very large loop or number",
    "Rendering this can use up the application's time or memory.",
    "Bound the loop or the number by what the prompt needs.",
)  # fmt: skip
PROBE = Rule(
    "template.probe", "moderate", 70, "probe for template injection",
    "This computes with fixed numbers, which is how one tests whether a template engine runs.",
    "Remove it, or write the outcome instead.",
)  # fmt: skip
FOREIGN_CODE = Rule(
    "template.foreign_code", "high", 80, "code of another template engine",
    "This runs code in some template engine if the text ever passes through it.",
    "Remove it, or quote it in a way that the engine does not read.",
)  # fmt: skip
RULES = (WALK, DANGEROUS_CALL, FOREIGN_FILE, HUGE, PROBE, FOREIGN_CODE)

MOST_REPEATS = 10_000
# Above this the tree alone takes seconds to build, and no person wrote it.
MOST_TAGS = 20_000
_INTERNALS = words(
    "mro subclasses globals builtins func_globals func_code gi_frame gi_code cr_frame f_globals "
    "f_builtins f_back tb_frame popen getruntime forname getclass"
)
_FUNCTIONS = words(
    "eval exec execfile compile open system popen spawn check_output getattr setattr import_module "
    "lipsum get_flashed_messages url_for dump phpinfo passthru shell_exec file_get_contents"
)
_SMALL_SUM = r"[ \t'\"]{0,3}\d{1,9}[ '\"]{0,3}[*+-][ '\"]{0,3}\d{1,9}"
_PATTERNS = (
    (WALK, r"\{[{%#$]?[^{}\n]{0,200}(?:\.|\[[\"']|attr\([\"'])__\w{2,30}__"),
    (WALK, r"\{\{[^{}\n]{0,100}\bconstructor\b[\"'\]]{0,2}(?:\.constructor|\()"),
    (PROBE, r"(?:\$\{|#\{|\*\{|@\(|\{\{=?|<%=|\[\[)" + _SMALL_SUM),
    (FOREIGN_CODE, r"<%=?[^%\n]{0,100}\b(?:system|exec|eval|popen|spawn|Runtime)\b"),
    (FOREIGN_CODE, r"<%=?[^%\n]{0,100}\b(?:File|IO|Dir)\."),
    (FOREIGN_CODE, r"T\(\s{0,3}java\.lang\.|java\.lang\.Runtime|getRuntime\(\)\s{0,3}\.exec\("),
    (FOREIGN_CODE, r"freemarker\.template\.utility|\?new\(\)\s{0,3}[(}]|\?api\.class\b"),
    (FOREIGN_CODE, r"#set\s{0,3}\(\s{0,3}\$[^)\n]{0,100}\.(?:class|getClass)\b"),
    (FOREIGN_CODE, r"\{php\}|\{\{\s{0,3}_self\.env\b|\{system\([\"']"),
    (FOREIGN_CODE, r"[$#%]\{[^{}\n]{0,100}(?:@java\.|\.getClass\(|Runtime|ProcessBuilder)"),
)
_COMPILED = tuple((rule, re.compile(regex)) for rule, regex in _PATTERNS)


def scan(text: str, context: Context) -> Iterator[Hit]:
    """Yield what is unsafe in a template; a text that is no Jinja2 is read by patterns alone."""
    seen: set[tuple[str, int]] = set()
    for hit in _all(text, context):
        # A pattern and the tree may both find one thing; a line and a rule are told once.
        key = (hit.rule.id, text.count("\n", 0, hit.start))
        if key not in seen:
            seen.add(key)
            yield hit


def _all(text: str, context: Context) -> Iterator[Hit]:
    tags = text.count("{{") + text.count("{%")
    if tags > MOST_TAGS:
        first = min(at for at in (text.find("{{"), text.find("{%")) if at >= 0)
        yield Hit(HUGE, first, first + 2)
    elif tags and context.template_format in {"jinja2", "none"}:
        yield from islice(_tree_hits(text), 4 * MOST_HITS)
    for rule, regex in _COMPILED:
        for match in islice(regex.finditer(text), MOST_HITS):
            yield Hit(rule, *match.span())


def _tree_hits(text: str) -> Iterator[Hit]:
    try:
        tree = jinja_tree(text)
    except TemplateDoesNotParse:
        return
    lines = _Lines(text)
    # An own stack, since a deep tree would exhaust Python's.
    waiting: list[nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.iter_child_nodes())
        for rule, needle in _judge(node):
            yield lines.hit(rule, node.lineno, needle)


def _judge(node: nodes.Node) -> Iterator[tuple[Rule, str]]:
    if isinstance(node, nodes.Getattr | nodes.Getitem):
        name = _attribute(node)
        if name.startswith("__") or name.lower() in _INTERNALS:
            yield WALK, name
    elif isinstance(node, nodes.Filter) and node.name == "attr":
        yield WALK, "attr"
    elif isinstance(node, nodes.Call):
        yield from _judge_call(node)
    elif isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
        yield (
            FOREIGN_FILE,
            {"FromImport": "from"}.get(type(node).__name__, type(node).__name__.lower()),
        )
    elif isinstance(node, nodes.Mul | nodes.Pow) and _is_huge(node):
        yield HUGE, "*"
    elif isinstance(node, nodes.Output) and any(_is_probe(child) for child in node.nodes):
        yield PROBE, "{{"


def _attribute(node: nodes.Getattr | nodes.Getitem) -> str:
    if isinstance(node, nodes.Getattr):
        return node.attr
    # A name put together from pieces is read piece by piece.
    pieces = [node.arg, *node.arg.iter_child_nodes()]
    texts = [p.value for p in pieces if isinstance(p, nodes.Const) and isinstance(p.value, str)]
    return texts[0] if texts else ""


def _judge_call(node: nodes.Call) -> Iterator[tuple[Rule, str]]:
    called = node.node
    if isinstance(called, nodes.Name):
        name = called.name
    elif isinstance(called, nodes.Getattr | nodes.Getitem):
        name = _attribute(called)
    else:
        return
    if name in _FUNCTIONS:
        yield DANGEROUS_CALL, name
    elif name == "range" and any(_number(arg) > MOST_REPEATS for arg in node.args):
        yield HUGE, name


def _is_probe(node: nodes.Node) -> bool:
    sides = (node.left, node.right) if isinstance(node, nodes.BinExpr) else ()
    return bool(sides) and all(isinstance(side, nodes.Const) for side in sides)


def _number(node: nodes.Node) -> float:
    value = node.value if isinstance(node, nodes.Const) else 0
    return value if isinstance(value, int | float) else 0


def _is_huge(node: nodes.BinExpr) -> bool:
    most = max(_number(node.left), _number(node.right))
    if isinstance(node, nodes.Pow):
        return most > 100 or isinstance(node.right, nodes.Pow)
    sides = (node.left, node.right)
    text = any(isinstance(s, nodes.Const | nodes.List) and not _number(s) for s in sides)
    return text and most > MOST_REPEATS


class _Lines:
    """Finds a word on or behind a line: the tree knows lines, a finding needs offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]

    def hit(self, rule: Rule, line: int, needle: str) -> Hit:
        start = self.starts[min(max(line - 1, 0), len(self.starts) - 1)]
        found = self.text.find(needle, start) if needle else -1
        if found >= 0:
            return Hit(rule, found, found + len(needle))
        end = self.text.find("\n", start)
        return Hit(rule, start, end if end >= 0 else len(self.text))
