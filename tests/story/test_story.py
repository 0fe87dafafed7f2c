"""The main job as people do it: in the browser, against a real web server and a real worker."""

from __future__ import annotations

import time

import pytest
from django.core.management import call_command
from playwright.sync_api import Locator, Page, expect

from approvals.models import ApprovalRequest, Policy
from audit.models import AuditEvent
from registry import roles
from registry.models import OutboxMail, Prompt, User
from registry.services import prompts
from tests.api import make_token
from tests.processes import on_embedded
from tests.registry.desk_of_admin import address, listed, maker
from tests.story.running import (
    PASSWORD,
    SOON,
    Town,
    in_state,
    number_in,
    says,
    sign_in,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("story")]

COLD = "Begin with the ticket number.\nRefunds above {{limit}} go to a person.\n"
WARM = "Begin by thanking the customer.\nRefunds above {{limit}} go to a person.\n"
QUOTE = "Write the opening of a quote for {{company}}.\nBe brief and friendly.\n"


def open_prompt(page: Page, name: str) -> None:
    """From any page to a prompt's own, by the links."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Prompts").click()
    page.get_by_role("link", name=name, exact=True).click()


def open_first(page: Page, title: str) -> None:
    """From the front page to the one change that waits for whoever looks."""
    expect(page.get_by_role("heading", name="One change waits for you")).to_be_visible(timeout=SOON)
    page.get_by_role("link", name=title).click()


def propose(page: Page, text: str, why: str, press: str = "Save and submit") -> None:
    """From a prompt's page: the form of a change, filled in and sent."""
    page.get_by_role("link", name="Propose a change").click()
    page.get_by_label("The text", exact=True).fill(text)
    page.get_by_label("Why", exact=True).fill(why)
    page.get_by_role("button", name=press).click()


def tab_to(page: Page, wanted: Locator, most: int = 60) -> None:
    """Press Tab until the element has the focus, as a hand without a mouse does."""
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{most} times Tab does not reach {wanted}")


def test_story__four_people_in_four_windows__the_read_changes_and_changes_back(
    town: Town,
) -> None:
    """Mara proposes; Eno (engineer, on duty for releases), Tom and Priya sign off."""
    mara = town.person("mara", roles.AUTHORS, password=PASSWORD)
    eno = town.person("eno", roles.ENGINEERING, roles.RELEASE_MANAGERS, password=PASSWORD)
    tom = town.person("tom", roles.SUPPORT, password=PASSWORD)
    priya = town.person("priya", roles.SAFETY, password=PASSWORD)
    signers = {"engineering": eno, "support": tom, "safety": priya}
    drafter = town.live("support/reply-drafter", COLD, mara, signers)
    _, app = make_token(town.owner, "read", labels=("production",))
    _, script = make_token(town.owner, "read", labels=("*",))
    site = town.site
    assert site.serves(drafter, app) == COLD

    windows = {name: town.window() for name in ("mara", "eno", "tom", "priya")}
    for name, window in windows.items():
        sign_in(window, name)
    page = windows["mara"]
    open_prompt(page, drafter.name)
    page.get_by_role("link", name="Propose a change").click()
    page.get_by_label("The text", exact=True).fill(WARM)
    expect(page.locator("[data-preview] ins").first).to_be_visible(timeout=SOON)
    page.get_by_label("Why", exact=True).fill("A warmer opening.\nThe refund rule stays.")
    page.get_by_label("Release as soon as everything is met").uncheck()
    page.get_by_role("button", name="Save and submit").click()
    says(page, "Submitted.")
    in_state(page, "in review")

    assert site.serves(drafter, script, "staging") == WARM
    assert site.serves(drafter, app) == COLD
    for role, person in signers.items():
        window = windows[person.username]
        window.goto("/")
        open_first(window, "A warmer opening.")
        window.get_by_role("button", name=f"Approve for {role}").click()
        says(window, f"You approved this change for {role}.")
    in_state(page, "approved")
    assert site.serves(drafter, app) == COLD

    duty = windows["eno"]
    duty.get_by_role("button", name="Release to production").click()
    says(duty, "Released to production.")
    assert site.serves(drafter, app) == WARM
    duty.get_by_role("button", name="Roll back to v1").click()
    says(duty, "Rolled back: production serves v1 again.")
    assert site.serves(drafter, app) == COLD
    in_state(page, "released")
    call_command("audit_verify")


#: counts what a hand does with the mouse; a button pressed by Enter has no pointer
COUNT = "addEventListener('pointerdown', () => window.clicked(), {capture: true})"


def test_small_change__one_word_of_low_risk__is_live_in_a_minute_and_three_clicks(
    town: Town,
) -> None:
    mara = town.person("mara", roles.AUTHORS)
    tom = town.person("tom", roles.SUPPORT)
    intro = town.live("sales/quote-intro", QUOTE, mara, {"support": tom})
    _, app = make_token(town.owner, "read")
    page = town.window(mara)
    clicks: list[float] = []
    page.expose_function("clicked", lambda: clicks.append(time.monotonic()))
    page.add_init_script(COUNT)
    page.goto(f"/prompts/{intro.name}/")

    page.get_by_role("link", name="Propose a change").click()
    page.get_by_label("The text", exact=True).click()
    # To the word before the full stop of the last line.
    for key in ("Control+End", "ArrowLeft", "ArrowLeft", "Control+Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.type("warm")
    tab_to(page, page.get_by_label("Why", exact=True))
    page.keyboard.type("Warm says it better.")
    page.get_by_role("button", name="Save and submit").click()
    wanted = QUOTE.replace("friendly", "warm")
    town.site.wait("the word is not live", lambda: town.site.serves(intro, app) == wanted)
    seconds = time.monotonic() - clicks[0]

    page.wait_for_url("**/requests/*/")
    change = town.change(number_in(page))
    assert (change.state, change.automatic, change.reviews.count()) == ("released", True, 0)
    assert len(clicks) == 3
    assert seconds < 60


@on_embedded
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_one_word__edited_in_the_browser__is_a_diff_of_one_word(town: Town, newline: str) -> None:
    mara = town.person("mara", roles.AUTHORS)
    tom = town.person("tom", roles.SUPPORT)
    before = "You write to {{name}}.\nBe brief.\n\nEnd with thanks, always.\n".replace(
        "\n", newline
    )
    note = town.live("sales/thank-you", before, mara, {"support": tom})
    page = town.window(mara)
    page.goto(f"/prompts/{note.name}/")
    page.get_by_role("link", name="Propose a change").click()
    typed = page.get_by_label("The text", exact=True).input_value()
    page.get_by_label("The text", exact=True).fill(typed.replace("brief", "short"))
    page.get_by_label("Why", exact=True).fill("A shorter word.")
    page.get_by_role("button", name="Save and submit").click()
    says(page, "Submitted.")

    diff = page.locator("table.diff")
    expect(page.get_by_text("against v1 · 1 word")).to_be_visible(timeout=SOON)
    page.wait_for_load_state()
    assert diff.locator("del").all_inner_texts() == ["brief"]
    assert diff.locator("ins").all_inner_texts() == ["short"]
    version = town.change(number_in(page)).version
    assert version is not None
    assert version.body["template"] == before.replace("brief", "short")


def first_text(town: Town, mara: User) -> Prompt:
    return prompts.create_prompt("sales/quote-intro", actor=mara)


@on_embedded
def test_pages__without_javascript__propose_and_approve(town: Town) -> None:
    mara = town.person("mara", roles.AUTHORS)
    tom = town.person("tom", roles.SUPPORT, password=PASSWORD)
    intro = first_text(town, mara)
    _, app = make_token(town.owner, "read")
    page = town.window(mara, java_script_enabled=False)
    page.goto("/")
    open_prompt(page, intro.name)
    propose(page, QUOTE, "The first text.", press="Preview")
    expect(page.locator("[data-preview] ins").last).to_have_text(
        "Be brief and friendly.", timeout=SOON
    )
    page.get_by_role("button", name="Save and submit").click()
    says(page, "Submitted.")
    town.wait_state(number_in(page), "review")
    page.reload()
    in_state(page, "in review")

    other = town.window(java_script_enabled=False)
    sign_in(other, tom.username)
    open_first(other, "The first text.")
    other.get_by_role("button", name="Approve for support").click()
    says(other, "You approved this change for support.")
    town.site.wait("it is not live", lambda: town.site.serves(intro, app) == QUOTE)
    page.reload()
    in_state(page, "released and live")


@on_embedded
def test_propose__session_ended_without_javascript__loses_no_character(town: Town) -> None:
    mara = town.person("mara", roles.AUTHORS, password=PASSWORD)
    town.person("tom", roles.SUPPORT)
    intro = first_text(town, mara)
    page = town.window(mara, java_script_enabled=False)
    page.goto(f"/prompts/{intro.name}/-/propose")
    text = '\n\n  Write to {{ company }}.\n\n\tBe <b>brief</b> & "kind".  \n'
    page.get_by_label("The text", exact=True).fill(text)
    page.get_by_label("Why", exact=True).fill("One line.\nAnother.")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Save and submit").click()

    expect(page.get_by_role("heading", name="Your session ended")).to_be_visible(timeout=SOON)
    page.get_by_label("User name").fill("mara")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in and go on").click()
    expect(page.get_by_role("heading", name="Nothing was sent yet")).to_be_visible(timeout=SOON)
    expect(page.get_by_label("The text", exact=True)).to_have_value(text)
    expect(page.get_by_label("Why", exact=True)).to_have_value("One line.\nAnother.")
    assert not ApprovalRequest.objects.filter(prompt=intro).exists()

    page.get_by_role("button", name="Save and submit").click()
    says(page, "Submitted.")
    version = town.change(number_in(page)).version
    assert version is not None
    assert version.body["template"] == text


@on_embedded
def test_pages__on_a_phone__never_scroll_sideways(town: Town) -> None:
    mara = town.person("mara", roles.AUTHORS)
    town.person("tom", roles.SUPPORT)
    intro = first_text(town, mara)
    prompts.edit_prompt(intro, tags=["x" * 40], actor=mara)
    request = town.asked(intro, QUOTE, mara)
    page = town.window(town.owner, viewport={"width": 360, "height": 740})
    wide = {}
    for at in (
        "/",
        f"/requests/{request.pk}/",
        "/prompts/sales/quote-intro/",
        listed(OutboxMail),
        address(AuditEvent.objects.latest("seq")),
        address(request),
        maker(Policy, "policy"),
    ):
        answer = page.goto(at)
        assert answer is not None
        assert answer.ok, at
        wide[at] = page.evaluate("document.documentElement.scrollWidth")
    assert {at: width for at, width in wide.items() if width > 360} == {}


@on_embedded
def test_approve__by_keyboard_alone__from_the_sign_in_on(town: Town) -> None:
    mara = town.person("mara", roles.AUTHORS)
    tom = town.person("tom", roles.SUPPORT, password=PASSWORD)
    request = town.asked(first_text(town, mara), QUOTE, mara)
    page = town.window()
    clicks: list[float] = []
    page.expose_function("clicked", lambda: clicks.append(time.monotonic()))
    page.add_init_script(COUNT)
    page.goto("/accounts/login/")
    # The first field takes the focus by itself, though not before the page is laid out.
    expect(page.get_by_label("User name")).to_be_focused(timeout=SOON)
    page.keyboard.type(tom.username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="One change waits for you")).to_be_visible(timeout=SOON)
    tab_to(page, page.get_by_role("link", name="The text as it is in use."))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/requests/{request.pk}/")
    approve = page.get_by_role("button", name="Approve for support")
    tab_to(page, approve)
    assert approve.evaluate("button => getComputedStyle(button).outlineStyle") != "none"
    page.keyboard.press("Enter")
    says(page, "You approved this change for support.")
    assert clicks == []
    assert ApprovalRequest.objects.get(pk=request.pk).reviews.get().decision == "approve"
