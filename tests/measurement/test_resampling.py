"""Days become weeks without losing a unit of money but what the message says."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.errors import PanelError
from measurement.panel import Channel, Control, ControlKind, Frequency, Outcome, Panel, panel_hash
from measurement.resampling import to_weekly


def daily_panel(days=24):
    generator = np.random.default_rng(5)
    cells = (2, days)
    attributed = generator.random((*cells, 1))
    attributed[0, 3] = np.nan
    attributed[1, :7] = np.nan
    return Panel(
        dates=np.datetime64("2024-02-07") + np.arange(days),
        geos=("a", "b"),
        outcomes=(Outcome("sales"),),
        outcome_values=generator.random((*cells, 1)) + 1,
        channels=(Channel("tv"),),
        spend=generator.random((*cells, 1)),
        exposure=generator.random((*cells, 1)) * 1000,
        attributed_sales=attributed,
        controls=(Control("log_queries", ControlKind.DEMAND),),
        control_values=generator.normal(size=(*cells, 1)),
        population=np.array([1.0, 2.0]),
        frequency=Frequency.DAILY,
    )


def test_weeks_are_sums_from_the_first_weekday_on_and_controls_means():
    panel = daily_panel()
    weekly, messages = to_weekly(panel)
    assert weekly.frequency is Frequency.WEEKLY
    assert weekly.dates.astype(str).tolist() == ["2024-02-07", "2024-02-14", "2024-02-21"]
    for name in ("outcome_values", "spend", "exposure"):
        before, after = getattr(panel, name), getattr(weekly, name)
        assert after[:, 1] == pytest.approx(before[:, 7:14].sum(axis=1))
        assert after.sum() == pytest.approx(before[:, :21].sum())
    assert weekly.control_values[:, 2] == pytest.approx(panel.control_values[:, 14:21].mean(axis=1))
    assert weekly.attributed_sales[0, 0, 0] == pytest.approx(np.nansum(panel.attributed_sales[0, :7, 0]))
    assert np.isnan(weekly.attributed_sales[1, 0, 0])
    assert len(messages) == 1
    assert "3 day(s), 2024-02-28 to 2024-03-01" in messages[0]


def test_whole_weeks_need_no_message_and_weekly_panels_pass():
    weekly, messages = to_weekly(daily_panel(21))
    assert messages == ()
    assert to_weekly(weekly) == (weekly, ())
    with pytest.raises(PanelError, match="not one whole week"):
        to_weekly(daily_panel(6))


def test_a_panel_refuses_arrays_that_do_not_match_its_labels():
    panel = daily_panel()
    with pytest.raises(PanelError, match=r"spend has shape \(2, 24, 2\)"):
        replace(panel, spend=np.zeros((2, 24, 2)))
    with pytest.raises(PanelError, match="population holds"):
        replace(panel, population=np.array([1.0, np.nan]))


def test_the_hash_follows_content_and_nothing_else():
    panel = daily_panel()
    same = replace(panel, spend=np.asfortranarray(panel.spend.copy()), dates=panel.dates.astype("datetime64[ns]"))
    assert panel_hash(same) == panel_hash(panel)
    spend = panel.spend.copy()
    spend[0, 0, 0] += 1e-9
    changed = (
        replace(panel, spend=spend),
        replace(panel, geos=("a", "c")),
        replace(panel, country="US"),
        replace(panel, dates=panel.dates + 1),
        replace(panel, channels=(Channel("tv", has_exposure=True),)),
        replace(panel, outcomes=(Outcome("sales", in_money=False),)),
    )
    assert len({panel_hash(panel), *(panel_hash(other) for other in changed)}) == 7
