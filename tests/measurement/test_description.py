"""What `rmo check` says: figures against known panels, the forecast against regressions on many simulated ones."""

import json
from dataclasses import replace

import numpy as np
import pytest

from measurement.description import Outlook, describe_panel
from measurement.panel import Channel, Control, ControlKind, Frequency, Level, Outcome, Panel

GEOS, WEEKS = 12, 110


def panel_of(spend, sales=None, *, names=None, level=Level.GEO, controls=None, population=None):
    """A weekly panel around spend `(G, T, C)`; without sales, noise around 1000."""
    geos, weeks, channels = spend.shape
    if sales is None:
        sales = 1000 + 100 * np.random.default_rng(1).normal(size=(geos, weeks))
    names = names or [f"c{index}" for index in range(channels)]
    control_values = np.zeros((geos, weeks, 0)) if controls is None else controls
    return Panel(
        dates=np.datetime64("2022-01-03") + 7 * np.arange(weeks),
        geos=tuple(f"g{index}" for index in range(geos)),
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=tuple(Channel(name, level) for name in names),
        spend=spend,
        exposure=spend,
        attributed_sales=np.full_like(spend, np.nan),
        controls=tuple(Control(f"k{index}", ControlKind.OTHER) for index in range(control_values.shape[2])),
        control_values=control_values,
        population=np.ones(geos) if population is None else population,
    )


def varied(channels=2, seed=3, geos=GEOS, weeks=WEEKS):
    return np.random.default_rng(seed).gamma(1.5, 40.0, size=(geos, weeks, channels))


def test_figures_of_a_small_panel():
    spend = np.zeros((2, 30, 1))
    spend[0, :15, 0] = 10.0
    described = describe_panel(panel_of(spend, np.full((2, 30), 5.0) + np.eye(2, 30)))
    assert (described.periods, described.geos, described.frequency) == (30, 2, "weekly")
    assert (described.first_date, described.last_date) == ("2022-01-03", "2022-07-25")
    assert described.total_sales == pytest.approx(302.0)
    (channel,) = described.channels
    assert channel.spend == 150.0
    assert channel.share_of_sales == pytest.approx(150 / 302)
    assert channel.share_of_geos_with_spend == 0.5
    assert channel.share_of_periods_with_spend == 0.5
    assert channel.variation == pytest.approx(np.sqrt(3.0))
    assert channel.correlated_with == ""


def test_variation_within_geo_and_week_is_what_both_leave():
    generator = np.random.default_rng(2)
    own = generator.normal(size=(GEOS, WEEKS))
    own -= own.mean(axis=1, keepdims=True)
    own -= own.mean(axis=0)
    common = 50 + generator.random((GEOS, 1)) * 30 + generator.random((1, WEEKS)) * 30
    described = describe_panel(panel_of((common + own)[:, :, None]))
    assert described.channels[0].variation_within == pytest.approx(own.std() / (common + own).mean())


def test_daily_panels_are_described_by_week():
    panel = replace(
        panel_of(varied(weeks=210)), frequency=Frequency.DAILY, dates=np.datetime64("2022-01-03") + np.arange(210)
    )
    described = describe_panel(panel)
    assert (described.periods, described.frequency) == (210, "daily")
    assert described.channels[0].variation < describe_panel(panel_of(varied(weeks=210))).channels[0].variation


def test_a_channel_that_never_varies_is_not_measurable():
    spend = varied()
    spend[:, :, 1] = np.linspace(5, 20, GEOS)[:, None]
    fixed = describe_panel(panel_of(spend)).channels[1]
    assert fixed.outlook == Outlook.NOT.value
    assert "never changes" in fixed.reason
    assert fixed.iroas_standard_error is None


@pytest.mark.parametrize("geos", [1, GEOS])
@pytest.mark.parametrize("lingering", [0.0, 0.6])
def test_the_forecast_is_the_error_of_generalised_least_squares(geos, lingering):
    """Against the textbook covariance with the true noise, every geo and week effect as a column of its own."""
    generator = np.random.default_rng(8)
    spend, noise_sd, weeks = varied(2, geos=geos), 60.0, np.arange(WEEKS)
    one_geo = noise_sd**2 * lingering ** np.abs(weeks[:, None] - weeks)
    covariance = np.kron(np.eye(geos), one_geo)
    noise = generator.multivariate_normal(np.zeros(WEEKS), one_geo, size=geos)
    panel = panel_of(spend, 1000 + noise)
    doses = []
    for channel in range(2):
        carried = spend[:, :, channel].copy()
        for week in range(1, WEEKS):
            carried[:, week] += 0.5 * carried[:, week - 1]
        doses.append(np.sqrt(carried / carried.mean()))
    year = 2 * np.pi * panel.dates.astype("datetime64[D]").astype(float) / 365.25
    season = [function(k * year) for k in (1, 2) for function in (np.sin, np.cos)]
    common = np.stack([weeks**0, weeks, weeks**2.0, *season], axis=1) if geos == 1 else np.eye(WEEKS)
    effects = np.concatenate([np.repeat(np.eye(geos), WEEKS, axis=0)[:, 1:], np.tile(common, (geos, 1))], axis=1)
    design = np.concatenate([np.stack([dose.ravel() for dose in doses], axis=1), effects], axis=1)
    design /= np.sqrt((design**2).mean(axis=0))
    scale = np.array([np.sqrt((dose**2).mean()) for dose in doses])
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ np.linalg.solve(covariance, design)))[:2]) / scale
    expected = errors * [dose.sum() for dose in doses] / spend.sum(axis=(0, 1))
    found = [channel.iroas_standard_error for channel in describe_panel(panel).channels]
    assert found == pytest.approx(expected, rel=0.15)


def test_outlook_follows_the_noise():
    generator = np.random.default_rng(4)
    spend, noise = varied(1), generator.normal(size=(GEOS, WEEKS))
    outlooks = [describe_panel(panel_of(spend, 9000 + sd * noise)).channels[0].outlook for sd in (20, 300, 3000)]
    assert outlooks == [Outlook.LIKELY.value, Outlook.HARD.value, Outlook.NOT.value]


def test_national_channels_are_learnt_from_time_alone():
    population = np.linspace(1, 5, GEOS)
    totals = np.random.default_rng(6).gamma(2, 500, WEEKS)
    spend = np.outer(population / population.sum(), totals)[:, :, None]
    national = describe_panel(panel_of(spend, level=Level.NATIONAL, population=population)).channels[0]
    assert "only nationally" in national.reason
    assert national.variation_within == pytest.approx(totals.std() / totals.mean(), rel=0.1)
    undeclared = describe_panel(panel_of(spend, population=population)).channels[0]
    assert "does not differ between geos" in undeclared.reason
    assert undeclared.iroas_standard_error == pytest.approx(national.iroas_standard_error)


def test_collinear_channels_are_named_in_pairs():
    spend = varied(3)
    spend[:, :, 2] = (
        2 * spend[:, :, 0] + 2 * spend[:, :, 1].mean() * np.random.default_rng(0).random((GEOS, WEEKS)) * 0.2
    )
    described = describe_panel(panel_of(spend))
    assert described.channels[0].correlated_with == "c2"
    assert described.channels[0].highest_correlation > 0.99
    assert described.channels[0].explained_by_others > 0.9
    assert described.channels[1].explained_by_others < 0.1
    assert [note for note in described.notes if "c0 and c2 move together" in note]
    alone = describe_panel(panel_of(spend[:, :, :2])).channels[0]
    assert described.channels[0].iroas_standard_error > 3 * alone.iroas_standard_error


def test_proportional_channels_leave_nothing_of_their_own():
    spend = varied(2)
    spend[:, :, 1] = 3 * spend[:, :, 0]
    channel = describe_panel(panel_of(spend)).channels[1]
    assert channel.outlook == Outlook.NOT.value
    assert "moves with c0" in channel.reason
    json.dumps(describe_panel(panel_of(spend)).to_json(), allow_nan=False)


def test_notes_on_demand_season_and_geos():
    short = describe_panel(panel_of(varied(weeks=60), names=["paid_search", "tv"]))
    assert any("less than two years" in note for note in short.notes)
    assert any("paid_search may follow demand" in note for note in short.notes)
    queries = np.random.default_rng(0).normal(size=(GEOS, WEEKS, 1))
    panel = panel_of(varied(), names=["paid_search", "tv"], controls=queries)
    described = describe_panel(replace(panel, controls=(Control("q", ControlKind.DEMAND),)))
    assert described.notes == ()
    one = describe_panel(panel_of(varied(geos=1)))
    assert any("without geos" in note for note in one.notes)
    units = replace(panel_of(varied()), outcomes=(Outcome("visits", in_money=False),))
    assert any("in money" in note for note in describe_panel(units).notes)


def test_a_panel_without_channels_can_be_described():
    described = describe_panel(panel_of(np.zeros((3, 40, 0))))
    assert described.channels == ()
    assert described.to_json()["channels"] == []


def test_json_holds_plain_values():
    document = json.loads(json.dumps(describe_panel(panel_of(varied())).to_json(), allow_nan=False))
    assert document["geos"] == GEOS
    assert document["channels"][0]["outlook"] in {outlook.value for outlook in Outlook}
