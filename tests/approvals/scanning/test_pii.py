"""Personal data: planted data of nobody are found, reserved and ordinary texts pass."""

import pytest

from approvals.scanning import pii
from approvals.scanning.findings import Context
from approvals.scanning.personal_names import asks_for
from tests.approvals.scanning.samples import matched, rules

PLANTED = [
    ("pii.email", "Write to mara.lindqvist@tulipmail.se about it."),
    ("pii.email", "Contact: <o'neill+work@mail.harbour-foods.co.uk>"),
    ("pii.phone", "Call +44 20 7946 1234 before noon."),
    ("pii.phone", "Her number is (415) 823-9164."),
    ("pii.phone", "His mobile: 07911 482 316"),
    ("pii.phone", "+4915127364859 is what she left."),
    ("pii.card", "The card was 4539 5787 6362 1486 last time."),
    ("pii.card", "5425233430109903"),
    ("pii.iban", "Refund to DE89 3704 0044 0532 0130 00 please."),
    ("pii.iban", "IBAN: GB33BUKB20201555555555."),
    ("pii.us_ssn", "His number is 536-22-8841."),
    ("pii.us_ssn", "SSN 536228841"),
    ("pii.ip_address", "The client at address 81.2.69.142 was blocked."),
    ("pii.date_of_birth", "Date of birth: 14/03/1987"),
    ("pii.date_of_birth", "She was born on 3rd May 1991 in Ghent."),
    ("pii.identity_number", "Passport number: K7391846"),
    ("pii.identity_number", "MRN: 00482913"),
]
CLEAN = [
    "Write to jane@example.com, joe@mail.example.org or me@host.test.",
    "Reply from support@harbour-foods.co.uk and use logo@2x.png.",
    "Import from '@types/node' and mention @channel.",
    "Log in from 10.0.0.1, 127.0.0.1, 192.168.1.20 or the address 192.0.2.7.",
    "Update the client to version 81.2.69.142 or the build 81.2.69.143.",
    "Call 555-0123 or (212) 555-0147, the numbers of films.",
    "Test with 4242 4242 4242 4242, 3782 822463 10005 or 4539 5787 6362 1487.",
    "Order 1234567890123456 was placed on 2024-01-02 at 10:30:15.",
    "GB33BUKB20201555555556 fails its checksum, and so does DE00 0000 0000 0000 0000 00.",
    "Samples: 000-12-3456, 666-12-3456, 123-45-6789 and 078-05-1120.",
    "Id 123e4567-e89b-42d3-a456-426614174000, commit 9f3a7c1e5b8d2046.",
    "Date of birth is optional; patient records are never shown.",
    "Scores: 100 200 300 400, 3.14159, 1,000,000 and 50-60-70.",
    "https://login:word@service.harbour-foods.co.uk/path",
    "Give me a call before 2024-05-17 and text 3 or 4 friends.",
]


@pytest.mark.parametrize(("rule", "text"), PLANTED)
def test_scan__of_planted_personal_data__finds_it(rule: str, text: str) -> None:
    assert rules(pii.scan, text) == [rule]


@pytest.mark.parametrize("text", CLEAN)
def test_scan__of_a_clean_text__finds_nothing(text: str) -> None:
    assert matched(pii.scan, text) == []


@pytest.mark.parametrize(
    ("template_format", "template", "rule", "found"),
    [
        ("mustache", "Dear {{customer_full_name}}, hello", "pii.variable", "customer_full_name"),
        ("jinja2", "To: {{ customer_email }}", "pii.variable", "customer_email"),
        ("none", "Name: {{ patient_name }}", "pii.sensitive_variable", "patient_name"),
        ("mustache", "{{#ssn}}x{{/ssn}}", "pii.sensitive_variable", "ssn"),
        ("f-string", "Born {date_of_birth}", "pii.sensitive_variable", "date_of_birth"),
        ("jinja2", "{{ customer.dateOfBirth }}", "pii.sensitive_variable", "customer.dateOfBirth"),
    ],
)
def test_scan__of_a_variable_for_personal_data__finds_its_name(
    template_format: str, template: str, rule: str, found: str
) -> None:
    assert rules(pii.scan, template, template_format) == [rule]
    assert matched(pii.scan, template, template_format)[0] == found


def test_scan__of_a_variable_that_no_tag_begins_with__finds_it_by_its_name() -> None:
    context = Context("jinja2", ("ssn",))
    hits = list(pii.scan("{% if ssn %}on file{% endif %}", context))
    assert [(hit.rule.id, hit.start, hit.end) for hit in hits] == [("pii.sensitive_variable", 6, 9)]


@pytest.mark.parametrize(
    ("template_format", "template"),
    [
        ("mustache", "{{question}} {{context}} {{product_name}} {{company_address}}"),
        ("jinja2", "{{ user_input }} {{ chat_history }} {{ model_name }} {{ email_body }}"),
        ("f-string", 'Return {{"ssn": 1}} for {topic}'),
        ("none", 'Return {"date_of_birth": null} as JSON'),
    ],
)
def test_scan__of_ordinary_variables__finds_nothing(template_format: str, template: str) -> None:
    assert rules(pii.scan, template, template_format) == []


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("ssn", "sensitive"),
        ("userSSN", "sensitive"),
        ("patient_name", "sensitive"),
        ("customer_date_of_birth", "sensitive"),
        ("customer_full_name", "personal"),
        ("contact-email", "personal"),
        ("last_name", "personal"),
        ("customer_first_name", ""),
        ("patient_first_name", ""),
        ("name", ""),
        ("file_name", ""),
        ("customer_question", ""),
        ("username_hint", ""),
    ],
)
def test_asks_for__a_name__tells_how_personal_it_is(name: str, weight: str) -> None:
    assert asks_for(name) == weight


@pytest.mark.parametrize(
    ("digits", "right"), [("4539578763621486", True), ("4539578763621487", False)]
)
def test_luhn__of_digits__checks_the_last(digits: str, right: bool) -> None:
    assert pii.luhn(digits) is right
