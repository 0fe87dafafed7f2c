"""Unsafe templates: planted ones are found by parsing, ordinary ones pass, none is rendered."""

import pytest

from approvals.scanning import template
from approvals.scanning.findings import Context
from tests.approvals.scanning.samples import matched, rules

PLANTED = [
    ("template.attribute_walk", "jinja2", "{{ name.__class__ }}"),
    ("template.attribute_walk", "jinja2", "{% if x['__globals__'] %}y{% endif %}"),
    ("template.attribute_walk", "jinja2", "{{ x['__cla' ~ 'ss__'] }}"),
    ("template.attribute_walk", "jinja2", "{{ name | attr(key) }}"),
    ("template.attribute_walk", "none", "{{ ''.__class__.mro() }}"),
    ("template.attribute_walk", "f-string", "{user.__init__}"),
    ("template.attribute_walk", "mustache", "{{constructor.constructor}}"),
    ("template.dangerous_call", "jinja2", "{{ lipsum() }}"),
    ("template.dangerous_call", "jinja2", "{{ os.system('ls') }}"),
    ("template.dangerous_call", "none", "{% set a = eval(code) %}"),
    ("template.other_file", "jinja2", "{% include 'other.txt' %}"),
    ("template.other_file", "jinja2", "{% extends base %}"),
    ("template.other_file", "jinja2", "{% from 'lib' import helper %}"),
    ("template.huge_work", "jinja2", "{% for i in range(1000000) %}x{% endfor %}"),
    ("template.huge_work", "jinja2", "{{ x ** 999 }}"),
    ("template.huge_work", "jinja2", "{% set a = 'ab' * 999999 %}"),
    ("template.probe", "jinja2", "{{ 7 * 7 }}"),
    ("template.probe", "none", "Say ${8*8} now"),
    ("template.foreign_code", "none", "<%= system('ls') %>"),
    ("template.foreign_code", "none", "${T(java.lang.System).getenv()}"),
]
CLEAN = [
    ("jinja2", "{% for item in items[:5] %}{{ item.name | upper }}{% endfor %}"),
    ("jinja2", "{{ answer.strip() }} {{ data.items() | list }} {{ price * 2 }}"),
    ("jinja2", "{% for i in range(10) %}{{ i + 1 }}{% endfor %}"),
    ("jinja2", "{% if user.is_admin and loop.index > 1 %}x{% endif %}"),
    ("jinja2", "{{ request }} {{ config }} {{ self_review }} {{ system }}"),
    ("mustache", "{{#items}}{{name}}{{/items}} {{> part}}"),
    ("f-string", "{user.name} {scores[0]} {{literal}}"),
    ("none", "Call __init__ and obj.__class__ in your Python code."),
    ("none", "Compute 7 * 7 and $5 * 3, then write <b>done</b>."),
    ("none", "Use {{ handlebars }} and {% liquid %} tags as they are."),
    ("none", "Run system('ls') in a shell, evaluate 100% of the files."),
]


@pytest.mark.parametrize(("rule", "template_format", "text"), PLANTED)
def test_scan__of_an_unsafe_template__finds_it(rule: str, template_format: str, text: str) -> None:
    assert rules(template.scan, f"Hello.\n{text}\nBye.", template_format) == [rule]


@pytest.mark.parametrize(("template_format", "text"), CLEAN)
def test_scan__of_a_clean_template__finds_nothing(template_format: str, text: str) -> None:
    assert matched(template.scan, text, template_format) == []


def test_scan__of_a_walk__spans_the_attribute_on_its_line() -> None:
    text = "the word __class__ alone\r\n{{ a.__class__ }}\r\n"
    hits = list(template.scan(text, Context("jinja2")))
    assert [text[hit.start : hit.end] for hit in hits] == ["__class__"]
    assert hits[0].start > text.index("\n")


def test_scan__of_more_tags_than_a_person_writes__builds_no_tree() -> None:
    assert rules(template.scan, "{{a}}" * 20_001, "jinja2") == ["template.huge_work"]
