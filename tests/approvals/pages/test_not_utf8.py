"""Bytes that are no text: a form that carries them is refused, and says which field it was."""

from __future__ import annotations

from urllib.parse import quote, quote_from_bytes

import pytest
from django.test import Client

from approvals.models import ApprovalRequest
from registry.models import User
from tests.approvals.desk import Desk
from tests.approvals.pages.browsing import Form, Page, look, signed_in

pytestmark = pytest.mark.django_db

PROPOSE = "/prompts/support/refunds/-/propose"
URLENCODED = "application/x-www-form-urlencoded"
#: a byte alone, the same sent as it is, half of a pair, and what a lone surrogate would be
BAD = {"alone": b"%FF", "bare": b"\xe4", "cut": b"%E2%82", "surrogate": b"%ED%A0%80"}


def form_of(client: Client) -> Form:
    return look(client, PROPOSE).form_with("Save as draft")


def urlencoded(form: Form, name: str, value: bytes, **typed: str) -> bytes:
    """The body of this form as a draft, with these very bytes in one of its fields."""
    fields = {**dict(form.fields), "template": "Grüße", "rationale": "Why", "do": "save", **typed}
    pairs = [(quote(key), quote(text).encode()) for key, text in fields.items() if key != name]
    return b"&".join(key.encode() + b"=" + text for key, text in [*pairs, (name, value)])


def multipart(form: Form, name: str, value: bytes) -> tuple[bytes, str]:
    fields = {**dict(form.fields), "template": "Grüße", "rationale": "Why", "do": "save"}
    pairs = [(key, text.encode()) for key, text in fields.items() if key != name]
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (key.encode(), text)
        for key, text in [*pairs, (name, value)]
    ]
    return b"".join(parts) + b"--edge--\r\n", "multipart/form-data; boundary=edge"


@pytest.mark.parametrize("case", BAD)
def test_form__bytes_that_are_not_utf8__is_refused_and_names_the_field(
    desk: Desk, case: str
) -> None:
    client = signed_in(desk.author)
    sent = urlencoded(form_of(client), "rationale", b"Why " + BAD[case])
    page = Page(client.post(PROPOSE, sent, content_type=URLENCODED))
    assert (page.status, "invalid_text" in page.text) == (422, True)
    assert "“Why”" in page.text
    assert "UTF-8" in page.text
    assert "Nothing was changed." in page.text
    assert not ApprovalRequest.objects.exists()


def test_form__multipart_that_is_not_utf8__is_refused_and_gives_the_rest_back(desk: Desk) -> None:
    client = signed_in(desk.author)
    sent, kind = multipart(form_of(client), "rationale", b"Why \xff")
    page = Page(client.post(PROPOSE, sent, content_type=kind))
    assert (page.status, "“Why”" in page.text) == (422, True)
    assert "Grüße" in page.html
    assert not ApprovalRequest.objects.exists()


def test_form__character_for_replaced_ones_typed_by_a_person__passes(desk: Desk) -> None:
    client = signed_in(desk.author)
    body, kind = multipart(form_of(client), "template", "A \ufffd B".encode())
    assert client.post(PROPOSE, body, content_type=kind).status_code == 302
    sent = urlencoded(form_of(client), "template", quote("\ufffd \ufffd C").encode())
    assert client.post(PROPOSE, sent, content_type=URLENCODED).status_code == 302
    found = ApprovalRequest.objects.with_parts().order_by("pk")
    assert [change.version.body["template"] for change in found if change.version] == [
        "A \ufffd B",
        "\ufffd \ufffd C",
    ]


def test_form__name_of_a_field_that_is_not_utf8__is_refused(desk: Desk) -> None:
    client = signed_in(desk.author)
    sent = urlencoded(form_of(client), "rationale", b"Why") + b"&%FF=1"
    assert client.post(PROPOSE, sent, content_type=URLENCODED).status_code == 422


def test_form__of_the_admin__is_refused_too(desk: Desk) -> None:
    client = Client()
    client.force_login(desk.governance_owner, backend="django.contrib.auth.backends.ModelBackend")
    address = "/admin/registry/user/add/"
    sent = b"username=nina&email=nina%40example.org&display_name=Nina+%FF"
    page = Page(client.post(address, sent, content_type=URLENCODED))
    assert (page.status, "“display_name”" in page.text) == (422, True)
    assert not User.objects.filter(username="nina").exists()


def test_form__not_utf8_and_without_its_token__is_not_given_back(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    page = Page(client.post(PROPOSE, b"rationale=%FF", content_type=URLENCODED))
    assert page.status == 403


def test_form__preview_while_typing__is_422_without_a_page(desk: Desk) -> None:
    client = signed_in(desk.author)
    sent, kind = multipart(form_of(client), "template", b"\xff")
    answer = client.post(PROPOSE, sent, content_type=kind, headers={"X-Fragment": "diff"})
    assert (answer.status_code, quote_from_bytes(answer.content)) == (422, "")
