"""Bad panels are refused with one message that names row, column and remedy; nothing else ever escapes."""

import contextlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurement.errors import PanelError
from measurement.panel_map import ChannelMap, OutcomeMap, PanelMap
from measurement.reading import Purpose, read_panel


def refusal(path, **options) -> str:
    """The message with which a file is refused."""
    with pytest.raises(PanelError) as caught:
        read_panel(path, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("column", "text", "parts"),
    [
        (0, "March 3rd", ["'date'", "row 5", "March 3rd", "YYYY-MM-DD"]),
        (0, "03/04/2023", ["'date'", "row 5", "day and month cannot be told apart", "YYYY-MM-DD"]),
        (0, "44927", ["row 5", "day number"]),
        (0, "2023-02-30", ["row 5", "no calendar"]),
        (0, "2023-01-23 13:30", ["row 5", "time of day"]),
        (0, "0023-01-23", ["row 5", "years"]),
        (0, "", ["'date'", "row 5", "empty"]),
        (0, "2023-01-16", ["rows 4 and 5", "2023-01-16", "'north'", "keep one"]),
        (0, "2023-01-24", ["'date'", "mixed frequencies"]),
        (1, "", ["'geo'", "row 5", "empty"]),
        (1, "North", ["'geo'", "'North'", "'north'", "case or blanks"]),
        (1, "north ", ["'geo'", "'north '", "'north'", "case or blanks"]),
        (2, "", ["'sales'", "row 5", "empty", "write the number"]),
        (2, "many", ["'sales'", "row 5", "'many'", "not a number"]),
        (2, "NaN", ["'sales'", "row 5", "'NaN'"]),
        (2, "inf", ["'sales'", "row 5", "'inf'"]),
        (2, "1e999", ["'sales'", "row 5", "beyond"]),
        (2, "0x10", ["'sales'", "row 5", "not a number"]),
        (2, "1_000", ["'sales'", "row 5", "not a number"]),
        (2, '"1,234"', ["'sales'", "row 5", "thousands separator"]),
        (2, '"1,234.56"', ["'sales'", "row 5", "thousands separator"]),
        (2, "1'234", ["'sales'", "row 5", "thousands separator"]),
        (2, "1.234.567", ["'sales'", "row 5", "thousands separator"]),
        (2, '"12,5"', ["'sales'", "row 5", "decimal comma"]),
        (2, "$12", ["'sales'", "row 5", "currency"]),
        (3, "-0.01", ["'tv_spend'", "row 5", "negative"]),
        (3, "", ["'tv_spend'", "row 5", "empty", "0 if there was nothing"]),
        (3, "1,5", ["row 5", "6 cells", "header 5"]),
    ],
)
def test_a_bad_cell_is_refused_by_row_and_column(panel_rows, written, column, text, parts):
    rows = panel_rows()
    rows[4][column] = text
    message = refusal(written(rows))
    assert all(part in message for part in parts), message
    assert "\n" not in message


def test_numbers_of_a_spreadsheet_are_never_misread(panel_rows, written):
    def with_cells(text):
        header, *records = panel_rows()
        commas = [[*row[:2], *(cell.replace(".", ",") for cell in row[2:])] for row in records]
        commas[3][2] = text
        return written([header, *commas], separator=";")

    for text in ("1.234,56", "1.234", "1,234.56"):
        message = refusal(with_cells(text))
        assert "row 5" in message
        assert repr(text) in message
    header, *records = panel_rows()
    for text in ("1.234", "1,234"):
        message = refusal(written([header, *([*row[:2], text, text, text] for row in records)], separator=";"))
        assert "thousands separator" in message
        assert "row 2" in message


def test_gaps_and_unlike_frequencies_name_where(panel_rows, written):
    header, *records = panel_rows()
    message = refusal(written([header, *records[:4], *records[5:]]))
    assert "'north' has no row for 2023-01-30 (after row 5)" in message
    message = refusal(written([header, *(row for row in records if row[0] != "2023-01-30")]))
    assert "2023-01-30 is missing in every geo" in message
    assert "row 6" in message
    message = refusal(written([header, *records, *panel_rows(geos=("east",), days=1)[1:]]))
    assert "'east' has daily rows" in message
    message = refusal(written([header, *records, *panel_rows(geos=("east",), start="2023-01-03")[1:]]))
    assert "'east' has weeks that start on Tuesday" in message


def test_spacing_other_than_days_or_weeks_is_named(panel_rows, written):
    header, *records = panel_rows(geos=("only",))
    months = [f"{2020 + index // 12}-{index % 12 + 1:02d}-01" for index in range(30)]
    monthly = [[month, *row[1:]] for month, row in zip(months, records, strict=True)]
    assert "monthly, 28 to 31 days apart" in refusal(written([header, *monthly]))
    assert "14 days apart" in refusal(written(panel_rows(days=14)))
    assert "one date" in refusal(written([header, records[0]]))


def test_too_short_a_panel_is_refused_in_its_own_periods(panel_rows, written):
    assert "25 weekly periods" in refusal(written(panel_rows(periods=25)))
    assert "181 daily periods" in refusal(written(panel_rows(periods=181, days=1)))
    assert read_panel(written(panel_rows(periods=26))).panel.spend.shape[1] == 26


def test_channels_and_geos_that_can_teach_nothing(panel_rows, written):
    def changed(change):
        header, *records = panel_rows()
        return written([header, *(change(list(row)) for row in records)])

    assert "'search' never spends" in refusal(changed(lambda row: [*row[:4], "0"]))
    message = refusal(changed(lambda row: [*row[:4], row[3]]))
    assert "'tv' and 'search' have identical spend" in message
    assert "merge" in message
    assert "'north' has no sales" in refusal(
        changed(lambda row: [*row[:2], "0" if row[1] == "north" else row[2], *row[3:]])
    )
    assert "same in every period" in refusal(changed(lambda row: [*row[:2], "5", *row[3:]]))
    assert "no channel" in refusal(written([row[:3] for row in panel_rows()]))
    assert "no outcome" in refusal(written([[*row[:2], *row[3:]] for row in panel_rows()]))
    assert "no column 'date'" in refusal(written([row[1:] for row in panel_rows()]))


def test_population_must_be_positive(panel_rows, written):
    header, *records = panel_rows()
    for text, part in (("0", "not positive"), ("-3", "not positive"), ("", "empty"), ("1e-9", "billionth")):
        population = ["1000"] * 59 + [text]
        rows = [[*header, "population"], *([*row, cell] for row, cell in zip(records, population, strict=True))]
        message = refusal(written(rows))
        assert "'population', row 61" in message
        assert part in message


@pytest.mark.parametrize(
    "name",
    [
        "customer_id",
        "userId",
        "DeviceID",
        "email",
        "E-Mail",
        "customer_email",
        "phone",
        "phone number",
        "IP Address",
        "cookie",
    ],
)
def test_columns_named_for_people_are_refused(panel_rows, written, name):
    header, *records = panel_rows()
    message = refusal(written([[*header, name], *([*row, f"v{index}"] for index, row in enumerate(records))]))
    assert repr(name) in message
    assert "person" in message


def test_values_that_look_like_addresses_are_refused_and_not_repeated(panel_rows, written):
    header, *records = panel_rows()
    for value in ("jane.doe@example.com", "192.168.10.14"):
        values = ["none"] * 40 + [value] + ["none"] * 19
        rows = [[*header, "remark"], *([*row, cell] for row, cell in zip(records, values, strict=True))]
        message = refusal(written(rows))
        assert "'remark', row 42" in message
        assert value not in message


def test_a_channel_may_be_called_email(panel_rows, written):
    rows = panel_rows()
    rows[0][3] = "email_spend"
    assert read_panel(written(rows)).panel.channel_names == ("email", "search")
    mapped = PanelMap(channels=(ChannelMap("letters", "x4_Email"),))
    rows[0][3] = "x4_Email"
    assert read_panel(written(rows), panel_map=mapped).panel.channel_names == ("letters",)


def test_people_are_no_geos(panel_rows, written):
    rows = panel_rows()
    rows[0][1] = "customer_id"
    assert "'customer_id' looks like a person's data" in refusal(written(rows), panel_map=PanelMap(geo="customer_id"))


def test_names_that_clash_or_are_unknown(panel_rows, written):
    rows = panel_rows()
    assert "did you mean 'tv_spend'?" in refusal(
        written(rows), panel_map=PanelMap(channels=(ChannelMap("tv", "tv_spent"),))
    )
    assert "lacks" in refusal(written(rows), controls=("weather",))
    assert "another use" in refusal(written(rows), controls=("tv_spend",))
    assert "person" in refusal(written(rows), controls=("user_id",))
    rows[0][4] = "tv_spend"
    assert "twice" in refusal(written(rows))
    rows[0][4] = "TV_spend"
    assert "one channel" in refusal(written(rows))


def test_what_platforms_claim_is_refused_as_outcome_and_control(panel_rows, written):
    rows = panel_rows()
    rows[0][4] = "tv_attributed_sales"
    path = written(rows)
    assert "never an outcome" in refusal(path, panel_map=PanelMap(outcomes=(OutcomeMap("s", "tv_attributed_sales"),)))
    assert "never a control" in refusal(path, controls=("tv_attributed_sales",))


def test_geo_tests_refuse_when_most_geos_have_gaps(panel_rows, written):
    rows = [row[:3] for row in panel_rows(geos=("a", "b", "c"), periods=10)]
    rows[2][2] = rows[12][2] = "na"
    message = refusal(written(rows), purpose=Purpose.GEO_TEST)
    assert "2 of 3 geos" in message
    assert "a, b" in message


def test_files_that_are_no_tables(tmp_path, written):
    assert "is empty" in refusal(written(b""))
    assert "is empty" in refusal(written(b"\xef\xbb\xbf\n \n"))
    assert "no rows" in refusal(written(b"date,sales,tv_spend\n"))
    assert "folder" in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "missing.csv")
    assert "cannot be opened" in refusal(Path("a\0b"))
    assert "Excel" in refusal(written(b"PK\x03\x04" + bytes(90)))
    assert "binary" in refusal(written(b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02abc" * 9))
    assert "quotation mark" in refusal(written(b'date,sales\n2023-01-02,"5\n'))
    assert "Parquet" in refusal(written(b"PAR1 and then nothing"))
    assert "Parquet" in refusal(written(b"not parquet", name="panel.parquet"))


def test_a_damaged_or_empty_parquet_file(tmp_path, written):
    path = tmp_path / "panel.parquet"
    pq.write_table(pa.table({"date": ["2023-01-02"] * 50, "sales": np.arange(50.0)}), path)
    content = path.read_bytes()
    for cut in (5, len(content) // 2, len(content) - 3):
        assert "Parquet" in refusal(written(content[:cut], name="cut.parquet"))
    pq.write_table(pa.table({"date": pa.array([], pa.string()), "sales": pa.array([], pa.float64())}), path)
    assert "no rows" in refusal(path)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=400))
def test_no_bytes_lead_to_anything_but_a_refusal(written, content):
    with pytest.raises(PanelError):
        read_panel(written(content, name="bytes.csv"))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(row=st.integers(0, 60), column=st.integers(0, 4), cell=st.text(max_size=12))
def test_no_cell_leads_to_anything_but_a_panel_or_a_refusal(panel_rows, written, row, column, cell):
    rows = panel_rows()
    rows[row][column] = cell
    path = written("\n".join(",".join(cells) for cells in rows).encode("utf-8", "replace"), name="cell.csv")
    with contextlib.suppress(PanelError):
        panel = read_panel(path).panel
        assert np.isfinite(panel.spend).all()
        assert np.isfinite(panel.outcome_values).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(damage=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=6))
def test_no_damage_leads_to_anything_but_a_panel_or_a_refusal(panel_rows, written, damage):
    content = bytearray("\n".join(",".join(cells) for cells in panel_rows()).encode())
    for place, byte in damage:
        content[place % len(content)] = byte
    with contextlib.suppress(PanelError):
        read_panel(written(bytes(content), name="damaged.csv"))
