"""Bad input of `rmo bids` on every platform: one clear message that names file and remedy, nothing half-written."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.api.bid_account import REPORTS, BidAccount, answer, files_of
from tests.api.console import TODAY, Console
from tests.api.consoles import CONSOLES

GERMAN = {
    "date": "Datum", "day": "Tag", "timeperiod": "Datum", "reporting starts": "Datum", "campaignid": "Kampagnen-ID",
    "campaign id": "Kampagnen-ID", "campaign": "Kampagne", "campaignname": "Kampagnenname",
    "campaign name": "Kampagnenname", "clicks": "Klicks", "numadsclicks": "Klicks", "link clicks": "Klicks",
    "cost": "Kosten", "spend": "Ausgaben", "adspend": "Ausgaben", "amount spent (usd)": "Ausgaben (USD)",
    "ad spend": "Ausgaben", "impressions": "Impressionen", "impr.": "Impressionen", "numadsshown": "Impressionen",
    "match type": "Keyword-Option", "matchtype": "Keyword-Option", "bidmatchtype": "Keyword-Option",
    "bid": "Gebot", "cpc bid": "Gebot", "bid amount": "Gebot", "max. cpc": "Max. CPC", "currentmaxcpc": "Gebot",
    "adgroupid": "Anzeigengruppen-ID", "ad group id": "Anzeigengruppen-ID", "keyword": "Schlüsselwort",
    "keyworduuid": "Schlüsselwort-ID", "conversions": "Conversions", "currency code": "Währung",
    "currencycode": "Währung", "campaignbudgetcurrencycode": "Währung",
}  # fmt: skip
CURRENCY = {
    "amazon": (",USD\n", ",EUR\n"),
    "google": (",USD,", ",EUR,"),
    "microsoft": ('"USD"', '"EUR"'),
    "meta": ("(USD)", "(EUR)"),
}
"""How a report says its currency; the others' reports get a column that does."""


@pytest.fixture(params=CONSOLES)
def bids(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BidAccount:
    monkeypatch.chdir(tmp_path)
    return BidAccount(CONSOLES[request.param]())


def edited(bids: BidAccount, change: Callable[[str], str]) -> Path:
    """The report of results with its text changed."""
    path = bids.console.main(REPORTS)
    path.write_text(change(path.read_text(encoding="utf-8-sig")), encoding="utf-8")
    return path


def refused(bids: BidAccount, capsys: pytest.CaptureFixture[str], *given: str) -> str:
    """The one message of a command that ends with 2 and leaves nothing behind."""
    assert bids("propose", "--json", *given) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Traceback" not in said.err
    assert not Path("ledger").exists()
    assert not Path("pulls").exists()
    return said.err


def header_of(text: str) -> str:
    """The line that names the columns: the first with eight or more cells."""
    return next(line for line in text.splitlines() if max(line.count(","), line.count(";")) >= 8)


def renamed(text: str, names: Callable[[str], str]) -> str:
    """The same file with other headers."""
    header = header_of(text)
    separator = ";" if header.count(";") > header.count(",") else ","
    quote = '"' if header.startswith('"') else ""
    cells = [names(cell.strip('"')) for cell in header.split(separator)]
    return text.replace(header, separator.join(f"{quote}{cell}{quote}" for cell in cells), 1)


def test_a_missing_column_is_named(bids: BidAccount, capsys: pytest.CaptureFixture[str]) -> None:
    clicks = {"numAdsClicks", "Clicks", "clicks", "Link clicks"}
    path = edited(bids, lambda text: renamed(text, lambda name: "Something else" if name in clicks else name))
    said = refused(bids, capsys, "--archive", "pulls")
    assert path.name in said
    assert "these columns are missing" in said
    assert any(name in said for name in (*clicks, "inline_link_clicks"))


def test_another_languages_headers_are_known_as_such(bids: BidAccount, capsys: pytest.CaptureFixture[str]) -> None:
    if bids.console.platform == "other":
        next(REPORTS.glob("*.map.toml")).unlink()
    path = edited(bids, lambda text: renamed(text, lambda name: GERMAN.get(name.casefold(), name)))
    said = refused(bids, capsys)
    assert path.name in said
    assert "the headers are in German" in said
    assert "switch the console to English" in said


def test_a_file_that_was_cut_short_is_refused(bids: BidAccount, capsys: pytest.CaptureFixture[str]) -> None:
    path = edited(bids, lambda text: text[: text.rfind("\n", 0, int(0.7 * len(text))) + 25])
    said = refused(bids, capsys)
    assert path.name in said
    assert "cut short" in said
    assert "download it again" in said


def test_a_currency_that_is_not_the_accounts_is_refused(bids: BidAccount, capsys: pytest.CaptureFixture[str]) -> None:
    platform = bids.console.platform
    if platform in CURRENCY:
        path = edited(bids, lambda text: text.replace(*CURRENCY[platform]))
    else:
        separator = ";" if platform == "other" else ","
        path = edited(
            bids,
            lambda text: "".join(
                f"{line}{separator}{'currency' if place == 0 else 'EUR'}\n"
                for place, line in enumerate(text.splitlines())
            ),
        )
        for told in REPORTS.glob("*.map.toml"):
            told.write_text(told.read_text() + 'currency = "currency"\n')
    said = refused(bids, capsys)
    assert path.name in said
    assert "is in EUR, the account in USD" in said


def test_a_budget_of_zero_is_refused(bids: BidAccount, capsys: pytest.CaptureFixture[str]) -> None:
    bids.plan(0.0)
    said = refused(bids, capsys)
    assert f"channel {bids.console.platform} has a budget of 0: pause it" in said


def test_yesterdays_report_again_counts_once_is_told_and_holds(
    bids: BidAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bids.console.main(REPORTS)
    shutil.copy(path, REPORTS / f"instacart-again-{path.name}")
    assert bids("propose", "--archive", "pulls", "--json") == 0
    first = answer(capsys)
    assert any("is the same file as" in note and "counts once" in note for note in first["notes"])
    assert first["changes"]
    later = TODAY + np.timedelta64(1, "D")
    assert bids("propose", "--archive", "pulls", "--json", today=later) == 0
    second = answer(capsys)
    assert any("is it yesterday's report?" in note for note in second["notes"])
    assert second["changes"] == []
    assert {entry["code"] for entry in second["held"]} == {"stale_data"}
    assert "stale_data" in {alert["code"] for alert in second["alerts"]}


def test_a_target_that_no_longer_exists_is_told_and_the_others_are_put_back(
    bids: BidAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    made, console = bids.night(capsys), bids.console
    kind = "bid" if console.platform != "meta" else "target"
    gone = next(change["entity"] for change in made["changes"] if change["kind"] == kind)
    console.terms = [term for term in console.terms if gone not in (term.id, f"{term.group}~{term.id}")]
    console.export(Path("fresh"))
    assert bids("rollback", made["run"], "--out", "undo", "--json", reports=Path("fresh")) == 0
    back = answer(capsys)
    assert back["left"] == {gone: "it no longer exists"}
    assert back["restored"] == len(made["changes"]) - 1
    console.upload(files_of(back))
    assert bids("propose", "--json", reports=Path("fresh")) == 0
    assert gone not in {change["entity"] for change in answer(capsys)["changes"]}


def test_a_campaign_whose_budget_is_zero_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    console: Console = CONSOLES["google"]()
    console.state["campaign_budget", "11"] = "0.00"
    bids = BidAccount(console)
    assert bids("propose", "--json") == 0
    made = answer(capsys)
    assert ("campaign_budget", "11") not in {(change["kind"], change["entity"]) for change in made["changes"]}
