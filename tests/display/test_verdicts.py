"""Judged claims: what a person reads, on the page and as text."""

from bs4 import BeautifulSoup, Tag

from paper_code.display.tables import Table
from paper_code.display.verdicts import SIGNS, claims_table, statements_table
from paper_code.lab import rules
from paper_code.lab.claims import PartRow, Row
from paper_code.lab.paths import ROOT


def parsed(shown: Table) -> Tag:
    return BeautifulSoup(shown.html, "html.parser")


def texts(line: Tag) -> list[str]:
    return [cell.get_text() for cell in line.find_all(["th", "td"])]


def row(verdict: str, **changes: object) -> Row:
    given = {
        "id": verdict.replace(" ", "-"),
        "document": "vinyard2018",
        "place": "Results",
        "claimed": "It is *less* noisy.",
        "reported": "0.4 dB",
        "rule": "below 0.5 dB",
        "ours": "0.6 ± 0.1 dB",
        "verdict": verdict,
        "why": "The mean lies above.",
    }
    return Row(**given | changes)


def parts(*verdicts: str) -> tuple[PartRow, ...]:
    return tuple(PartRow(f"{k} kb/s", f"{k}.5", "below", f"{k}.7", one, f"Why {k}.") for k, one in enumerate(verdicts))


def test_verdicts_are_said_in_word_symbol_and_colour() -> None:
    assert list(SIGNS) == list(rules.VERDICTS)
    page = parsed(claims_table([row(verdict) for verdict in rules.VERDICTS]))
    badges = page.select(".verdict")
    assert [badge.get_text() for badge in badges] == list(rules.VERDICTS)
    style = (ROOT / "book" / "_static" / "player.css").read_text(encoding="utf-8")
    for badge, (symbol, name) in zip(badges, SIGNS.values(), strict=True):
        assert badge["class"] == ["verdict", f"verdict-{name}"]
        assert f'.verdict-{name}::before {{ content: "{symbol} " / ""; }}' in style
    assert len({symbol for symbol, _ in SIGNS.values()}) == 5
    told = "1 reproduced · 1 trend only · 1 not reproduced · 1 not run at this size · 1 not testable here"
    assert page.caption.get_text() == f"Paper and here: {told}."


def test_claims_show_the_documents_value_in_italics_beside_ours() -> None:
    page = parsed(claims_table([row("reproduced"), row("not reproduced", reported="", ours="")]))
    assert texts(page.thead) == ["Place", "Claimed", "Reported there", "Here", "Verdict"]
    first, second = page.select("tbody tr")
    cells = first.find_all(["th", "td"])
    assert cells[2].em.get_text() == "0.4 dB"
    assert cells[3].get_text() == "0.6 ± 0.1 dB"
    assert [texts(second)[k] for k in (2, 3)] == ["–", "–"]
    assert "below 0.5 dB. The mean lies above." in cells[1].details.get_text()
    # The reason of a failure is open to all; that of a success waits for a click.
    assert [line.details.has_attr("open") for line in (first, second)] == [False, True]
    assert "words" in page.table["class"]
    assert [cell["data-head"] for cell in cells] == texts(page.thead)


def test_a_row_is_the_target_of_a_stable_link() -> None:
    page = parsed(claims_table([row("reproduced"), row("reproduced", id="snr", document="byun2021")]))
    assert [line["id"] for line in page.select("tbody tr")] == ["vinyard2018-reproduced", "byun2021-snr"]


def test_parts_lie_in_a_fold_that_needs_no_script() -> None:
    judged = row("not reproduced", reported="", parts=parts("reproduced", "not reproduced", "not run at this size"))
    shown = claims_table([judged])
    (fold,) = parsed(shown).find_all("details")
    assert fold.summary.get_text() == "3 parts: 1 reproduced, 1 not reproduced, 1 not run at this size"
    first, second, third = fold.select("li")
    assert first.strong.get_text() == "0 kb/s"
    assert first.get_text() == "0 kb/s reproduced reported 0.5, here 0.7. Why 0."
    assert second.em.get_text() == "1.5"
    assert third.get_text() == "2 kb/s not run at this size reported 2.5, here 2.7. "  # its reason is that of all
    assert "The mean lies above." in fold.get_text()
    assert texts(parsed(shown).tbody)[2] == "in each part"
    assert "as good as its weakest part" in parsed(shown).caption.get_text()
    assert "<script" not in shown.html
    lines = [line.split() for line in repr(shown).splitlines()[2:]]
    assert lines[1] == ["0", "kb/s", "0.5", "0.7", "✓", "reproduced"]
    assert len(lines) == 4


def test_what_is_reported_of_all_parts_is_said_once() -> None:
    same = tuple(PartRow(name, "seen", "below", "1", "reproduced", "Why.") for name in "ab")
    page = parsed(claims_table([row("reproduced", reported="seen", parts=same)]))
    assert page.get_text().count("seen") == 1


def test_several_documents_get_a_column() -> None:
    page = parsed(claims_table([row("reproduced"), row("reproduced", document="byun2021")], caption="All."))
    assert texts(page.thead)[0] == "Document"
    assert [line.th.get_text() for line in page.select("tbody tr")] == ["vinyard2018", "byun2021"]


def test_our_own_statements_are_not_called_reproduced() -> None:
    verdicts = ("reproduced", "trend only", "not reproduced", "not testable here")
    shown = statements_table([row(verdict, reported="") for verdict in verdicts])
    page = parsed(shown)
    assert texts(page.thead) == ["Where", "Statement", "Here", "Verdict"]
    assert [badge.get_text() for badge in page.select(".verdict")] == [
        "holds", "may be chance", "does not hold", "not testable here"
    ]  # fmt: skip
    assert "reproduced" not in page.get_text()
    # Nor are its parts.
    parted = statements_table([row("trend only", reported="", parts=parts("reproduced", "trend only"))])
    assert parsed(parted).summary.get_text() == "2 parts: 1 holds, 1 may be chance"
    assert "reproduced" not in repr(parted)
