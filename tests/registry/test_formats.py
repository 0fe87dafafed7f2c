"""Reading templates in their declared formats: variables, and errors with line and column."""

import time
from contextlib import suppress

import pytest

from registry.errors import InvalidDocument, TemplateDoesNotParse
from registry.formats import MAX_TOKENS, format_by_suffix, parse, position


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("abc", 0, (1, 1)),
        ("abc", 2, (1, 3)),
        ("a\nbc", 2, (2, 1)),
        ("a\r\nbc", 4, (2, 2)),
        ("a\rbc", 3, (2, 2)),
        ("é🙂\nx🙂y", 5, (2, 3)),
    ],
)
def test_position__of_an_offset__counts_lines_and_code_points(
    text: str, offset: int, place: tuple[int, int]
) -> None:
    assert position(text, offset) == place


@pytest.mark.parametrize(
    ("template_format", "template", "variables"),
    [
        ("jinja2", "Hi {{ name }}, {% for x in items %}{{ x.id }}{% endfor %}", ("items", "name")),
        ("jinja2", "{% set a = b %}{{ a }}{# {{ no }} #}", ("b",)),
        ("jinja2", "{{ x | our_own_filter(y) }}{{ z is our_own_test }}", ("x", "y", "z")),
        ("jinja2", "{% raw %}{{ no }}{% endraw %}", ()),
        ("mustache", "{{a}} {{{b.c}}} {{&d}} {{! no }}{{> part}}", ("a", "b", "d")),
        ("mustache", "{{#list}}{{.}}{{/list}}{{^none}}x{{/none}}", ("list", "none")),
        ("mustache", "{{=<% %>=}}<% new %> {{old}}", ("new",)),
        ("f-string", "{a} {b.c} {d[0]} {e!r:>{width}} {{no}}", ("a", "b", "d", "e", "width")),
        ("f-string", "{0} and {0}", ("0",)),
        ("none", "{{ a }} {b} {% if", ()),
    ],
)
def test_parse__of_a_template__lists_its_variables(
    template_format: str, template: str, variables: tuple[str, ...]
) -> None:
    assert parse(template, template_format).variables == variables


@pytest.mark.parametrize(
    ("template_format", "template", "line", "column"),
    [
        ("jinja2", "a\nb {{ x", 2, 6),
        ("jinja2", "a\r\nb\r\n {% if x %} y {{ a b }}", 3, 20),
        ("jinja2", "a\n   \n{%- if a -%}   \n {{ b c }}", 4, 7),
        ("jinja2", "x\n  }}{{ '  }}", 2, 8),
        ("jinja2", "one\n{% foo %}", 2, 4),
        ("jinja2", "{% block x %}{% endblock %}\n{% block x %}{% endblock %}", 2, 1),
        ("mustache", "x\n{{#a}}\n y {{/b}}", 3, 4),
        ("mustache", "x {{#a}}", 1, 3),
        ("mustache", "x\n\n{{a", 3, 1),
        ("mustache", "{{}}", 1, 1),
        ("mustache", "ab {{a b}}", 1, 4),
        ("mustache", "{{/a}}", 1, 1),
        ("mustache", "{{=<%=}}", 1, 1),
        ("f-string", "a\n {", 2, 2),
        ("f-string", "a\n{{}} }", 2, 6),
        ("f-string", "ab {}", 1, 4),
        ("f-string", 'x\n{"a": 1}', 2, 1),
        ("f-string", "{a!z}", 1, 1),
        ("f-string", "{{ {a", 1, 4),
        ("f-string", "{a:{b:{c}}}", 1, 4),
    ],
)
def test_parse__where_it_is_broken__names_line_and_column(
    template_format: str, template: str, line: int, column: int
) -> None:
    with pytest.raises(TemplateDoesNotParse) as refused:
        parse(template, template_format)
    assert (refused.value.extra["line"], refused.value.extra["column"]) == (line, column)
    assert refused.value.sentence.startswith(f"Line {line}, column {column}: ")


def test_parse__of_an_unknown_format__names_the_known_ones() -> None:
    with pytest.raises(InvalidDocument, match="jinja2, mustache, f-string, none"):
        parse("x", "erb")


@pytest.mark.parametrize(
    "template",
    [
        "{{ 3 ** 99999999 }}",
        "{{ 'a' * 10**11 }}",
        "{{ 'a'|center(10**10) }}",
        "{{ range(10**12)|list }}",
    ],
)
def test_parse__of_constants_that_explode__computes_nothing(template: str) -> None:
    started = time.process_time()
    assert parse(template, "jinja2").variables == ()
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "template",
    [
        "{{" * 100_000,
        "{{ " + "(" * 100_000,
        "{{ " + "1+" * 50_000 + "1 }}",
        "{{ " + "a." * 50_000 + "b }}",
        "{{" + "9" * 50_000 + "}}",
        "{% if a %}" * 5_000,
        "{{ " + "not " * 50_000 + "a }}",
    ],
)
def test_parse__of_hostile_jinja2__refuses_with_a_place(template: str) -> None:
    with pytest.raises(TemplateDoesNotParse) as refused:
        parse(template, "jinja2")
    assert refused.value.extra["line"] == 1


@pytest.mark.parametrize("seed", ["{{ x }}", "{% if a %}b{% endif %}", "{{ a+b+c+d+e }}\n"])
def test_parse__of_a_megabyte_of_jinja2_tags__says_soon_that_they_are_too_many(seed: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateDoesNotParse, match=r"more than 50,000 words .* Split the template"):
        parse(seed * (1_000_000 // len(seed)), "jinja2")
    assert time.process_time() - started < 5


def test_parse__of_as_many_jinja2_tags_as_may_be__lists_the_variables() -> None:
    assert parse("{{ x }}\n" * (MAX_TOKENS // 4), "jinja2").variables == ("x",)


@pytest.mark.parametrize("template_format", ["mustache", "f-string"])
@pytest.mark.parametrize("seed", ["{", "{{", "{a", "{{#a}}", "{{a", "{a:", "{a}", "{a[", "}"])
def test_parse__of_a_megabyte_of_braces__ends_soon(template_format: str, seed: str) -> None:
    started = time.process_time()
    with suppress(TemplateDoesNotParse):
        parse(seed * (1_000_000 // len(seed)), template_format)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("suffix", "template", "expected"),
    [
        (".jinja2", "{{ a }}", ("jinja2", False)),
        (".J2", "{{ a }}", ("jinja2", False)),
        (".jinja", "{{ a", ("none", True)),
        (".mustache", "{{a}}", ("mustache", False)),
        (".hbs", "{{#if a}}{{/if}}", ("none", True)),
        (".md", "{{ a", ("none", False)),
        (".txt", "a", ("none", False)),
        ("", "a", ("none", False)),
    ],
)
def test_format_by_suffix__of_a_file__says_whether_it_fell_back(
    suffix: str, template: str, expected: tuple[str, bool]
) -> None:
    assert format_by_suffix(suffix, template) == expected
