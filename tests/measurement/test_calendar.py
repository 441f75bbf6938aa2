"""Holidays fall in the weeks where the calendar puts them; Fourier pairs repeat after a year."""

import numpy as np
import pytest

from measurement.calendar import country_known, fourier_columns, holiday_columns
from measurement.errors import PanelError


def weeks(first, last):
    return np.arange(np.datetime64(first), np.datetime64(last), 7)


def column(dates, country, label, days=7):
    labels, counts = holiday_columns(dates, country, days)
    (index,) = [place for place, name in enumerate(labels) if label in name.split(" + ")]
    return counts[:, index]


def test_moving_holidays_keep_one_column():
    dates = weeks("2021-01-04", "2024-01-01")
    thanksgiving = column(dates, "US", "Thanksgiving Day")
    assert dates[thanksgiving > 0].astype(str).tolist() == ["2021-11-22", "2022-11-21", "2023-11-20"]
    good_friday = column(dates, "GB", "Good Friday")
    assert dates[good_friday > 0].astype(str).tolist() == ["2021-03-29", "2022-04-11", "2023-04-03"]


def test_days_off_in_a_holidays_stead_count_as_the_holiday():
    labels, _ = holiday_columns(weeks("2021-01-04", "2024-01-01"), "US", 7)
    assert not any("observed" in label for label in labels)
    dates = np.arange(np.datetime64("2021-01-01"), np.datetime64("2024-01-01"))
    independence = dates[column(dates, "US", "Independence Day", days=1) > 0].astype(str).tolist()
    assert independence == ["2021-07-04", "2021-07-05", "2022-07-04", "2023-07-04"]


def test_retail_events_fall_where_shops_hold_them():
    dates = np.arange(np.datetime64("2022-01-01"), np.datetime64("2024-01-01"))
    black_friday = dates[column(dates, "US", "Black Friday weekend", days=1) > 0].astype(str).tolist()
    assert black_friday == [f"2022-11-{day}" for day in (25, 26, 27)] + [f"2023-11-{day}" for day in (24, 25, 26)]
    cyber = dates[column(dates, "DE", "Cyber week", days=1) > 0]
    assert cyber[0] == np.datetime64("2022-11-28")
    assert len(cyber) == 14
    assert column(weeks("2022-01-03", "2024-01-01"), "CA", "Two weeks before Christmas").sum() == 28
    labels, _ = holiday_columns(dates, "IN", 1)
    assert "Cyber week" not in labels


def test_only_holidays_of_two_years_are_told():
    labels, counts = holiday_columns(weeks("2022-02-07", "2022-12-12"), "US", 7)
    assert labels == ()
    assert counts.shape == (44, 0)
    # Its day off on 31 December and the day itself are one New Year's Day.
    labels, _ = holiday_columns(weeks("2021-12-20", "2022-02-07"), "US", 7)
    assert "New Year's Day" not in labels


def test_no_two_columns_are_equal_and_none_is_empty():
    for country in ("US", "GB", "DE", "JP", "FR", "IN"):
        labels, counts = holiday_columns(weeks("2020-01-06", "2024-01-01"), country, 7)
        assert counts.shape == (208, len(labels))
        assert (counts.sum(axis=0) > 0).all()
        assert len({column.tobytes() for column in counts.T}) == len(labels)


def test_no_country_gives_no_columns_and_an_unknown_one_an_error():
    labels, counts = holiday_columns(weeks("2021-01-04", "2024-01-01"), None, 7)
    assert labels == ()
    assert counts.shape == (156, 0)
    with pytest.raises(PanelError, match="'XQ'"):
        holiday_columns(weeks("2021-01-04", "2024-01-01"), "XQ", 7)
    assert country_known("UK")
    assert not country_known("XQ")


def test_names_do_not_follow_the_computers_language(monkeypatch):
    dates = weeks("2021-01-04", "2024-01-01")
    expected = holiday_columns(dates, "DE", 7)[0]
    monkeypatch.setenv("LANGUAGE", "uk")
    assert holiday_columns(dates, "DE", 7)[0] == expected
    assert "Christmas Day" in expected


def test_fourier_pairs_are_yearly_and_orthogonal():
    dates = np.arange(np.datetime64("2020-01-01"), np.datetime64("2024-01-01"))
    columns = fourier_columns(dates, 3)
    assert columns.shape == (1461, 6)
    assert columns.T @ columns / 1461 == pytest.approx(np.eye(6) / 2, abs=1e-3)
    assert columns[0] == pytest.approx(columns[1461 - 1 - 365], abs=0.12)
    assert fourier_columns(dates, 0).shape == (1461, 0)
    with pytest.raises(ValueError, match="negative"):
        fourier_columns(dates, -1)
