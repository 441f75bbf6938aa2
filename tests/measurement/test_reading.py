"""What the reader of panels makes of files it accepts: values, roles and warnings."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from measurement.errors import PanelError
from measurement.panel import ControlKind, Frequency, Level, panel_hash
from measurement.panel_map import ChannelMap, OutcomeMap, PanelMap, read_panel_map
from measurement.reading import Purpose, read_panel

MAPS = Path(__file__).resolve().parents[2] / "docs" / "maps"


def with_column(rows, name, values):
    """Rows with one more column; `values` is one text for all rows or one per row."""
    each = [values] * (len(rows) - 1) if isinstance(values, str) else values
    return [[*row, cell] for row, cell in zip(rows, [name, *each], strict=True)]


def test_convention_gives_every_column_its_role(panel_rows, written):
    rows = panel_rows()
    numbers = [str(index) for index in range(1, len(rows))]
    for name in (
        *(
            "tv_impressions",
            "search_clicks",
            "tv_attributed_sales",
            "population",
            "cpi_index",
            "Promo_flag",
            "price_paid",
        ),
        *("discount", "brand_queries", "category_volume", "shelf_stock", "site_availability", "shop_visits"),
    ):
        rows = with_column(rows, name, "7" if name == "population" else numbers)
    read = read_panel(written(rows))
    panel = read.panel
    assert read.warnings == ()
    assert [channel.name for channel in panel.channels] == ["tv", "search"]
    assert all(channel.has_exposure and channel.level is Level.GEO for channel in panel.channels)
    assert [(o.name, o.in_money) for o in panel.outcomes] == [("sales", True), ("shop", False)]
    assert {control.name: control.kind for control in panel.controls} == {
        "cpi_index": ControlKind.PRICE,
        "price_paid": ControlKind.PRICE,
        "Promo_flag": ControlKind.PROMO,
        "discount": ControlKind.PROMO,
        "brand_queries": ControlKind.DEMAND,
        "category_volume": ControlKind.DEMAND,
        "shelf_stock": ControlKind.STOCK,
        "site_availability": ControlKind.STOCK,
    }
    assert panel.population_known
    assert panel.population.tolist() == [7.0, 7.0]
    assert panel.exposure[1, 0, 0] == 31.0
    assert panel.attributed_sales[1, 0, 0] == 31.0
    assert np.isnan(panel.attributed_sales[:, :, 1]).all()


def test_values_land_at_their_geo_and_date_whatever_the_order_of_rows(panel_rows, written):
    header, *records = panel_rows()
    shuffled = [header, *(records[index] for index in np.random.default_rng(0).permutation(len(records)))]
    panel = read_panel(written(shuffled)).panel
    assert panel.geos == ("north", "south")
    assert panel.dates[0] == np.datetime64("2023-01-02")
    assert panel.dates.dtype == np.dtype("datetime64[D]")
    by_place = {(row[1], row[0]): row for row in records}
    for geo, name in enumerate(panel.geos):
        for period, date in enumerate(panel.dates):
            row = by_place[name, str(date)]
            assert panel.outcome_values[geo, period, 0] == float(row[2])
            assert panel.spend[geo, period].tolist() == [float(row[3]), float(row[4])]
    in_order = read_panel(written([header, *records], name="other.csv")).panel
    assert panel_hash(panel) == panel_hash(in_order)


def test_no_geo_column_is_one_national_series(panel_rows, written):
    rows = [[row[0], *row[2:]] for row in panel_rows(geos=("only",))]
    panel = read_panel(written(rows)).panel
    assert panel.geos == ("national",)
    assert panel.spend.shape == (1, 30, 2)


def test_daily_dates_are_found(panel_rows, written):
    panel = read_panel(written(panel_rows(periods=182, days=1))).panel
    assert panel.frequency is Frequency.DAILY


def test_population_defaults_to_mean_sales_and_may_change_with_a_warning(panel_rows, written):
    rows = panel_rows()
    panel = read_panel(written(rows)).panel
    assert not panel.population_known
    assert panel.population == pytest.approx(panel.sales.mean(axis=1))
    growing = with_column(rows, "population", [str(100 + index % 30) for index in range(60)])
    read = read_panel(written(growing))
    assert read.panel.population == pytest.approx([114.5, 114.5])
    assert "changes over time" in read.warnings[0]


def test_other_columns_are_left_out_by_name_and_admitted_on_request(panel_rows, written):
    numbers = [str(index) for index in range(60)]
    rows = with_column(with_column(panel_rows(), "sessions", numbers), "notes", "na")
    read = read_panel(written(rows))
    assert read.panel.controls == ()
    assert "sessions, notes" in read.warnings[0]
    assert "--controls" in read.warnings[0]
    admitted = read_panel(written(rows), controls=("sessions",))
    assert [(c.name, c.kind) for c in admitted.panel.controls] == [("sessions", ControlKind.OTHER)]
    assert "sessions" not in admitted.warnings[0].split(".")[0]


def test_unnamed_index_columns_make_no_noise(panel_rows, written):
    rows = [[("" if index == 0 else str(index)), *row, "x"] for index, row in enumerate(panel_rows())]
    rows[0][-1] = "Unnamed: 7"
    assert read_panel(written(rows)).warnings == ()


def test_delivery_without_spend_and_sold_volumes_are_no_controls(panel_rows, written):
    numbers = [str(index) for index in range(60)]
    rows = with_column(with_column(panel_rows(), "promo_impressions", numbers), "sales_volume", numbers)
    read = read_panel(written(rows))
    assert read.panel.controls == ()
    assert "promo_impressions, sales_volume" in read.warnings[0]


def test_attributed_sales_are_never_an_outcome(panel_rows, written):
    rows = with_column(with_column(panel_rows(), "attributed_sales", "5"), "radio_attributed_sales", "5")
    read = read_panel(written(rows))
    assert [outcome.name for outcome in read.panel.outcomes] == ["sales"]
    assert "attributed_sales" in read.warnings[0]


def test_demand_enters_in_logs_safe_at_zero_and_as_it_is_where_negative(panel_rows, written):
    plain = [str(index + 1) for index in range(60)]
    with_zero = [str(index) for index in range(60)]
    centred = [str(index - 30) for index in range(60)]
    rows = panel_rows()
    for name, values in (("a_queries", plain), ("b_queries", with_zero), ("c_queries", centred)):
        rows = with_column(rows, name, values)
    read = read_panel(written(rows))
    found = read.panel.control_values.reshape(60, 3)
    assert found[:, 0] == pytest.approx(np.log(np.arange(1, 61)))
    assert found[:, 1] == pytest.approx(np.log1p(np.arange(60)))
    assert found[:, 2] == pytest.approx(np.arange(60) - 30)
    assert "c_queries" in read.warnings[0]


def test_a_control_that_never_changes_is_left_out_with_a_warning(panel_rows, written):
    read = read_panel(written(with_column(panel_rows(), "promo", "0")))
    assert read.panel.controls == ()
    assert "never changes" in read.warnings[0]


def test_a_total_beside_its_parts_does_not_count_twice(panel_rows, written):
    rows = panel_rows()
    halves = [f"{float(row[2]) / 2:.4f}" for row in rows[1:]]
    read = read_panel(written(with_column(with_column(rows, "retail_sales", halves), "shop_sales", halves)))
    assert [outcome.name for outcome in read.panel.outcomes] == ["retail", "shop"]
    assert "sum of retail_sales, shop_sales" in read.warnings[0]
    separate = read_panel(written(with_column(rows, "shop_sales", halves)))
    assert len(separate.panel.outcomes) == 2
    assert "count together" in separate.warnings[0]


def test_sales_named_like_a_channel_raise_a_warning(panel_rows, written):
    rows = panel_rows()
    rows[0][2] = "tv_sales"
    read = read_panel(written(rows))
    assert "tv_attributed_sales" in read.warnings[0]


def test_national_totals_repeated_or_by_geo_are_spread_by_population(panel_rows, written):
    rows = with_column(panel_rows(), "population", ["100"] * 30 + ["300"] * 30)
    local = np.array([float(row[3]) for row in rows[1:]]).reshape(2, 30)
    repeated = [rows[0], *([*row[:3], f"{local[0, index % 30]:.2f}", *row[4:]] for index, row in enumerate(rows[1:]))]
    national = PanelMap(
        channels=(ChannelMap("tv", "tv_spend", level=Level.NATIONAL), ChannelMap("search", "search_spend"))
    )
    once = read_panel(written(repeated), panel_map=national)
    assert once.panel.spend[:, :, 0].sum(axis=0) == pytest.approx(local[0])
    summed = read_panel(written(rows), panel_map=national)
    assert summed.panel.spend[:, :, 0].sum(axis=0) == pytest.approx(local.sum(axis=0))
    assert summed.panel.spend[1, :, 0] == pytest.approx(3 * summed.panel.spend[0, :, 0])
    assert summed.panel.channels[0].level is Level.NATIONAL
    undeclared = read_panel(written(repeated))
    assert any('level = "national"' in warning for warning in undeclared.warnings)
    assert undeclared.panel.spend[:, :, 0].sum(axis=0) == pytest.approx(2 * local[0])


def test_value_per_unit_makes_money_and_may_be_empty_where_nothing_sold(panel_rows, written):
    rows = with_column(panel_rows(), "price", ["2.5"] * 59 + [""])
    rows[-1][2] = "0"
    given = PanelMap(outcomes=(OutcomeMap("orders", "sales", "price"),))
    panel = read_panel(written(rows), panel_map=given, purpose=Purpose.GEO_TEST).panel
    assert panel.outcomes[0].in_money
    assert panel.outcome_values[0, 0, 0] == pytest.approx(2.5 * float(rows[1][2]))
    assert panel.outcome_values[-1, -1, 0] == 0.0
    rows[-1][2] = "3"
    with pytest.raises(PanelError, match="row 61, is empty"):
        read_panel(written(rows), panel_map=given, purpose=Purpose.GEO_TEST)


def test_with_a_map_exposure_counts_only_if_named(panel_rows, written):
    rows = with_column(panel_rows(), "tv_impressions", [str(index) for index in range(60)])
    read = read_panel(written(rows), panel_map=PanelMap(channels=(ChannelMap("tv", "tv_spend"),)))
    assert not read.panel.channels[0].has_exposure
    assert (read.panel.exposure == read.panel.spend).all()
    assert "search_spend, tv_impressions" in read.warnings[0]


def test_exposure_that_is_zero_everywhere_gives_way_to_spend(panel_rows, written):
    read = read_panel(written(with_column(panel_rows(), "tv_clicks", "0")))
    assert not read.panel.channels[0].has_exposure
    assert "spend is used" in read.warnings[0]


def test_negative_sales_are_read_with_a_warning(panel_rows, written):
    rows = panel_rows()
    rows[3][2] = "-12.5"
    read = read_panel(written(rows))
    assert read.panel.outcome_values.min() == -12.5
    assert "negative in 1 row(s)" in read.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_encodings_that_spreadsheets_write(panel_rows, written, encoding):
    text = "".join(",".join(row) + "\r\n" for row in panel_rows(geos=("Köln", "Bonn")))
    read = read_panel(written(text.encode(encoding)))
    assert read.panel.geos == ("Bonn", "Köln")
    assert bool(read.warnings) == (encoding == "latin-1")


def test_semicolons_and_decimal_commas_are_read_and_said(panel_rows, written):
    header, *records = panel_rows()
    commas = [header, *([*row[:2], *(cell.replace(".", ",") for cell in row[2:])] for row in records)]
    read = read_panel(written(commas, separator=";"))
    assert panel_hash(read.panel) == panel_hash(read_panel(written([header, *records])).panel)
    assert "semicolons" in read.warnings[0]
    assert "decimal commas were read" in read.warnings[1]
    points = read_panel(written([header, *records], separator=";"))
    assert panel_hash(points.panel) == panel_hash(read.panel)


def test_blank_lines_trailing_cells_and_a_separator_note_do_no_harm(panel_rows, written):
    rows = panel_rows()
    text = "sep=;\n" + "\n".join(";".join(row) + ";" for row in rows) + "\n;;;\n\n"
    assert read_panel(written(text.encode())).panel.spend.shape == (2, 30, 2)
    bad = "sep=;\n\n" + "\n".join(";".join(row) for row in rows).replace(rows[1][3], "x", 1)
    with pytest.raises(PanelError, match="row 4, holds 'x'"):
        read_panel(written(bad.encode()))


def test_parquet_reads_like_csv(panel_rows, written, tmp_path):
    header, *records = panel_rows()
    by_column = list(zip(*records, strict=True))
    dates = pa.array(np.array(by_column[0], dtype="datetime64[ns]"))
    columns = [
        dates,
        pa.array(by_column[1]).dictionary_encode(),
        *(pa.array(list(map(float, c))) for c in by_column[2:]),
    ]
    path = tmp_path / "panel.data"
    pq.write_table(pa.table(dict(zip(header, columns, strict=True))), path)
    assert panel_hash(read_panel(path).panel) == panel_hash(read_panel(written([header, *records])).panel)


def test_parquet_geos_that_are_numbers_keep_plain_names(tmp_path):
    weeks = np.arange(np.datetime64("2023-01-02"), np.datetime64("2023-01-02") + 30 * 7, 7)
    table = {"date": weeks, "geo": np.full(30, 501), "sales": np.arange(30.0), "tv_spend": np.arange(30)}
    pq.write_table(pa.table(table), tmp_path / "panel.parquet")
    assert read_panel(tmp_path / "panel.parquet").panel.geos == ("501",)


def test_geo_tests_do_without_channels_and_without_geos_that_have_gaps(panel_rows, written):
    rows = [row[:3] for row in panel_rows(geos=("a", "b", "c", "d", "e"), periods=12)]
    rows[14][2] = ""  # b
    del rows[3]  # a
    read = read_panel(written(rows), purpose=Purpose.GEO_TEST)
    assert read.panel.geos == ("c", "d", "e")
    assert read.panel.channels == ()
    assert read.panel.spend.shape == (3, 12, 0)
    assert "a, b" in read.warnings[0]


@pytest.mark.parametrize("map_file", sorted(MAPS.glob("*.toml")), ids=lambda path: path.stem)
def test_public_panels_read_through_their_maps(map_file, shared_data):
    expected = {
        "geo_all_channels": (40, 156, 5, 4),
        "geo_full_funnel_data": (20, 156, 3, 2),
        "mmm_multidimensional_example": (2, 159, 2, 2),
        "national_all_channels": (1, 156, 5, 4),
        "robyn_weekly": (1, 208, 5, 1),
        "small_business_data": (1, 104, 4, 2),
    }
    panel = read_panel(shared_data / "mmm" / f"{map_file.stem}.csv", panel_map=read_panel_map(map_file)).panel
    assert (*panel.spend.shape, len(panel.controls)) == expected[map_file.stem]


def test_public_values_are_what_the_file_says(shared_data):
    panel = read_panel(
        shared_data / "mmm" / "geo_all_channels.csv", panel_map=read_panel_map(MAPS / "geo_all_channels.toml")
    ).panel
    assert panel.outcome_values[0, 0, 0] == pytest.approx(1954576.8 * 0.020054754)
    assert panel.spend[0, 0].tolist() == [2058.0608, 0.0, 0.0, 3667.3965, 841.6044]
    assert panel.exposure[0, 1, 1] == 182108.0
    assert panel.population[0] == 136670.94
    assert panel.country == "US"
