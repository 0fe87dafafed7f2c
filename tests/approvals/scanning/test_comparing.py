"""New, standing and gone: findings are held together by rule and matched text."""

from approvals.scanning import (
    Finding,
    Scanned,
    change_score,
    compare,
    scan_document,
    scan_text,
    text_document,
)
from registry.documents import build, load

ANNA, BERT = "anna.berg@tulipmail.se", "bert.dahl@tulipmail.se"


def scanned(text: str) -> Scanned[Finding]:
    return Scanned(scan_text(text).findings, text_document(text))


def marks(new: Scanned[Finding], base: Scanned[Finding] | None) -> list[str]:
    return [mark for _, mark in compare(new, base).marked]


def test_compare__of_a_moved_finding__is_standing() -> None:
    assert marks(scanned(f"A line more.\nAsk {ANNA}"), scanned(f"Ask {ANNA}")) == ["standing"]


def test_compare__of_another_text_by_the_same_rule__is_new_and_the_old_one_gone() -> None:
    compared = compare(scanned(f"Ask {BERT}"), scanned(f"Ask {ANNA}"))
    assert [mark for _, mark in compared.marked] == ["new"]
    assert [finding.rule for finding in compared.gone] == ["pii.email"]


def test_compare__of_one_more_of_the_same__marks_the_one_more() -> None:
    assert marks(scanned(f"{ANNA} {ANNA}"), scanned(ANNA)) == ["standing", "new"]


def test_compare__of_one_fewer_of_the_same__tells_one_gone() -> None:
    compared = compare(scanned(ANNA), scanned(f"{ANNA} {ANNA}"))
    assert [mark for _, mark in compared.marked] == ["standing"]
    assert len(compared.gone) == 1


def test_compare__without_a_base__marks_everything_new() -> None:
    compared = compare(scanned(f"{ANNA} {BERT}"), None)
    assert compared.new == tuple(scanned(f"{ANNA} {BERT}").findings)


def test_compare__of_a_text_and_a_chat__matches_across_sections() -> None:
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": f"Ask {ANNA}"}]
    document = load(build(type="chat", template=chat, template_format="none").text)
    new = Scanned(scan_document(document).findings, document)
    assert [f.path for f in new.findings] == ["messages[1].content"]
    assert marks(new, scanned(ANNA)) == ["standing"]


def test_change_score__of_standing_findings__is_zero() -> None:
    assert change_score(scanned(f"Please ask {ANNA}"), scanned(ANNA))[0] == 0


def test_change_score__of_a_new_finding__counts_it_alone() -> None:
    points, level, breakdown = change_score(scanned(f"{ANNA} {BERT}"), scanned(ANNA))
    assert (points, level, len(breakdown)) == (25, "moderate", 1)
