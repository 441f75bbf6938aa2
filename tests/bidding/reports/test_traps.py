"""What goes wrong with exports in practice: each is said by file, row and remedy, and nothing is guessed."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from bidding.errors import BidError
from bidding.reports.reading import read_reports

TODAY = np.datetime64("2026-05-11", "D")
DAY = "2026-05-10"


def refused(folder: Path, account) -> str:
    with pytest.raises(BidError) as caught:
        read_reports(folder, account, TODAY)
    return str(caught.value)


def reasons(folder: Path, account) -> dict[int, str]:
    return {row.row: row.reason for row in read_reports(folder, account, TODAY).rejected}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_encodings(folder, account, made, encoding) -> None:
    rows = [made.report_row(made.SHOES, DAY, campaignName="Schuhe für große Füße")]
    (folder / "targeting.csv").write_bytes(made.csv_text(made.REPORT_HEADER, rows).encode(encoding))
    snapshot = read_reports(folder, account, TODAY)
    assert list(snapshot.performance.clicks) == [10]
    assert any("is not UTF-8" in warning for warning in snapshot.warnings) == (encoding == "latin-1")


def test_semicolons_decimal_commas_and_signs(folder, account, made, write_report) -> None:
    row = made.report_row(made.SHOES, DAY, cost="$ 1.234,50", sales14d="12,5 $", impressions="1.000", keywordBid="")
    row |= {"attributedSalesSameSku14d": "10"}
    write_report("targeting.csv", [row], separator=";")
    performance = read_reports(folder, account, TODAY).performance
    assert (performance.cost[0], performance.sales[0], performance.impressions[0]) == (1234.5, 12.5, 1000)


def test_a_thousand_or_a_bit_more_than_one_is_not_guessed(folder, account, made, write_report) -> None:
    row = made.report_row(made.SHOES, DAY, cost="1,234", sales14d="60", impressions="10", keywordBid="")
    row |= {"purchases14d": "2", "attributedSalesSameSku14d": "5"}
    write_report("targeting.csv", [row], separator=";")
    assert "decimals or thousands" in refused(folder, account)


def test_damaged_ids_are_rejected_by_row(folder, account, made, write_report) -> None:
    rows = [
        made.report_row(made.SHOES, DAY),
        made.report_row("6E+17", DAY),
        made.report_row("6.00000000000000E+17", DAY),
        made.report_row("600000000000000019.0", DAY),
    ]
    write_report("targeting.csv", rows)
    found = reasons(folder, account)
    assert set(found) == {3, 4, 5}
    assert all("keywordId" in reason and "spreadsheet" in reason for reason in found.values())


def test_a_bulksheet_saved_from_a_spreadsheet_is_noticed(folder, account, made) -> None:
    rows = [
        {**row, "Keyword Id": f"{row['Keyword Id'][:15]}000" if row.get("Keyword Id") else ""}
        for row in made.bulk_rows()
    ]
    (folder / "bulk.csv").write_text(made.csv_text(made.BULK_HEADER, rows))
    snapshot = read_reports(folder, account, TODAY)
    bulk = [row for row in snapshot.rejected if row.file == "bulk.csv"]
    assert [row.row for row in bulk] == [6, 7]
    assert all("as only a spreadsheet makes them" in row.reason for row in bulk)


def test_the_same_file_twice_counts_once_and_is_told(folder, account) -> None:
    (folder / "copy.csv").write_bytes((folder / "targeting.csv").read_bytes())
    snapshot = read_reports(folder, account, TODAY)
    assert len(snapshot.performance) == 2
    assert snapshot.performance.clicks.sum() == 20
    assert any("is the same file as copy.csv" in warning for warning in snapshot.warnings)


def test_a_row_twice_in_one_report_counts_once(folder, account, made, write_report) -> None:
    write_report("targeting.csv", [made.report_row(made.SHOES, DAY)] * 2)
    assert "stands in row 2 already" in reasons(folder, account)[3]


def test_a_target_that_no_longer_exists_is_told_row_by_row(folder, account, made, write_report) -> None:
    rows = [made.report_row("600000000000000999", day) for day in ("2026-05-09", DAY)]
    write_report("targeting.csv", [made.report_row(made.SHOES, DAY), *rows])
    found = reasons(folder, account)
    assert set(found) == {3, 4}
    assert "no longer exists" in found[3]


def test_a_day_that_is_not_over_is_left_out(folder, account, made, write_report) -> None:
    write_report("targeting.csv", [made.report_row(made.SHOES, DAY), made.report_row(made.SHOES, "2026-05-11")])
    assert "was not over" in reasons(folder, account)[3]


@pytest.mark.parametrize("kept", [0.4, 0.7, 0.93])
def test_a_file_cut_short_is_refused(folder, account, made, write_report, kept) -> None:
    path = write_report("targeting.csv", [made.report_row(made.SHOES, f"2026-04-{day:02}") for day in range(1, 29)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert "cut short" in refused(folder, account)


def test_json_gzip_and_workbooks_cut_short_are_refused(folder, account, made) -> None:
    made.write_json_gz(folder / "more.json.gz", [made.report_row(made.SHOES, "2026-05-09")])
    content = (folder / "more.json.gz").read_bytes()
    (folder / "more.json.gz").write_bytes(content[:-20])
    assert "more.json.gz is cut short" in refused(folder, account)
    (folder / "more.json.gz").unlink()
    (folder / "more.json").write_text('[{"date": "2026-05-09", "keywordId": 12')
    assert "more.json, line 1: the JSON is cut short" in refused(folder, account)
    (folder / "more.json").unlink()
    made.write_book(folder / "bulk.xlsx", {"Sponsored Products Campaigns": (made.BULK_HEADER, made.bulk_rows())})
    (folder / "bulk.xlsx").write_bytes((folder / "bulk.xlsx").read_bytes()[:-300])
    assert "bulk.xlsx is cut short" in refused(folder, account)


def test_missing_columns_are_listed(folder, account, made) -> None:
    header = [name for name in made.REPORT_HEADER if name not in {"cost", "purchases14d", "sales14d"}]
    rows = [{name: row[name] for name in header} for row in [made.report_row(made.SHOES, DAY)]]
    (folder / "targeting.csv").write_text(made.csv_text(header, rows))
    assert "missing: cost, purchases14d, sales14d" in refused(folder, account)


@pytest.mark.parametrize(
    ("language", "header"),
    [
        ("German", "Datum;Kampagnenname;Anzeigengruppenname;Ausrichtung;Impressionen;Klicks;Ausgaben"),
        ("French", "Date;Nom de la campagne;Ciblage;Impressions;Clics;Dépenses"),
        ("Spanish", "Fecha;Nombre de la campaña;Segmentación;Impresiones;Clics;Gasto"),
        ("Japanese", "日付;キャンペーン名;広告グループ名;ターゲティング;インプレッション;クリック;広告費"),
    ],
)
def test_other_languages_are_recognised(folder, account, language, header) -> None:
    cells = ";".join("1" for _ in header.split(";"))
    (folder / "targeting.csv").write_text(f"{header}\n{cells}\n", encoding="utf-8")
    message = refused(folder, account)
    assert f"headers are in {language}" in message
    assert "English" in message


def test_another_currency_is_refused(folder, account, made, write_report) -> None:
    write_report("targeting.csv", [made.report_row(made.SHOES, DAY, campaignBudgetCurrencyCode="EUR")])
    assert "targeting.csv is in EUR, the account in USD" in refused(folder, account)
    write_report("targeting.csv", [made.report_row(made.SHOES, DAY), made.report_row(made.BOOTS, DAY, cost="€ 3.50")])
    assert "is in EUR, the account in USD" in reasons(folder, account)[3]


def test_cells_that_are_formulas_or_no_numbers_cost_their_row(folder, account, made, write_report) -> None:
    rows = [
        made.report_row(made.SHOES, DAY),
        made.report_row(made.BOOTS, DAY, cost="=1+1"),
        made.report_row(made.BOOTS, "2026-05-09", clicks="-3"),
        made.report_row(made.BOOTS, "2026-05-32"),
    ]
    write_report("targeting.csv", rows)
    found = reasons(folder, account)
    assert set(found) == {3, 4, 5}
    assert found[3].startswith("cost")
    assert found[4].startswith("clicks")


def test_torn_rows_in_the_middle_cost_their_row_only(folder, account, made, write_report) -> None:
    path = write_report("targeting.csv", [made.report_row(made.SHOES, DAY), made.report_row(made.BOOTS, DAY)])
    header, first, second = path.read_text().splitlines()
    path.write_text("\n".join([header, first.replace(",", "", 1), second, ""]))
    assert "the row has 17 cells, the header 18" in reasons(folder, account)[2]


def test_no_bulksheet_no_bids(folder, account) -> None:
    (folder / "bulk.csv").unlink()
    assert "no Amazon bulksheet" in refused(folder, account)


def test_a_bulksheet_to_upload_is_no_download(folder, account, made) -> None:
    rows = [{**row, "Operation": "Update"} for row in made.bulk_rows()]
    (folder / "bulk.csv").write_text(made.csv_text(made.BULK_HEADER, rows))
    assert "to upload" in refused(folder, account)


def test_what_is_no_report_is_said(folder, account) -> None:
    (folder / "notes.csv").write_text("who,what\nme,nothing\n")
    assert "notes.csv: no report of a known kind has the columns who, what" in refused(folder, account)
    (folder / "notes.csv").write_text("")
    assert "notes.csv is empty" in refused(folder, account)
    (folder / "notes.csv").unlink()
    (folder / "notes.md").write_text("hello")
    assert any("notes.md is no table" in warning for warning in read_reports(folder, account, TODAY).warnings)


def test_a_swollen_workbook_is_not_opened(folder, account) -> None:
    with zipfile.ZipFile(folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (30 << 20))
    assert "would unpack xl/worksheets/sheet1.xml" in refused(folder, account)


def test_entities_in_a_workbook_are_not_expanded(folder, account, made) -> None:
    made.write_book(folder / "bulk.xlsx", {"Sponsored Products Campaigns": (made.BULK_HEADER, made.bulk_rows())})
    with zipfile.ZipFile(folder / "bulk.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    for part in ("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"):
        with zipfile.ZipFile(folder / "bulk.xlsx", "w") as book:
            for name, content in parts.items():
                start = content.index(b"?>") + 2 if content.startswith(b"<?xml") else 0
                bad = content[:start] + laughs.encode() + content[start:]
                book.writestr(name, bad if name == part else content)
        assert "XML with entities" in refused(folder, account), part


def test_a_sheet_that_claims_a_far_row_is_not_walked_to_it(folder, account, made) -> None:
    made.write_book(folder / "bulk.xlsx", {"Sponsored Products Campaigns": (made.BULK_HEADER, made.bulk_rows())})
    with zipfile.ZipFile(folder / "bulk.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with zipfile.ZipFile(folder / "bulk.xlsx", "w") as book:
        for name, content in parts.items():
            book.writestr(name, content.replace(b'r="10"', b'r="99999999"') if "sheet1" in name else content)
    assert "larger than a sheet can be" in refused(folder, account)
