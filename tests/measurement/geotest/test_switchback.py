"""Switchbacks: the estimate against known truth, p-values and intervals against brute force, and what is refused."""

import itertools
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from measurement.errors import GeoTestError
from measurement.geotest.specification import AnalysisSettings
from measurement.geotest.switchback_analysis import analyze_switchback
from measurement.geotest.switchback_design import design_switchback
from measurement.geotest.switchback_estimate import coins, estimate, weigh, weigh_plainly
from measurement.geotest.switchback_power import carried_share, exposure
from measurement.geotest.switchback_question import SwitchbackQuestion, pairs_needed
from measurement.geotest.switchback_schedule import Block, Schedule, draw_schedule, periods_of
from measurement.geotest.switchback_series import national_series
from measurement.panel import Channel, Frequency, Outcome, Panel
from measurement.reading import ReadPanel

FIRST = np.datetime64("2023-01-02")
SETTINGS = AnalysisSettings()
ASKED = SwitchbackQuestion(channel="tv", block_days=7, washout=2, weeks=14)


def national(sales: np.ndarray, spend: np.ndarray, *, weekly: bool = False, geo_targetable: bool = False) -> Panel:
    """A panel of one series."""
    periods = len(sales)
    cube = (1, periods, 1)
    return Panel(
        dates=FIRST + np.arange(periods) * (7 if weekly else 1),
        geos=("national",),
        outcomes=(Outcome("sales"),),
        outcome_values=sales.reshape(cube),
        channels=(Channel("tv", geo_targetable=geo_targetable),),
        spend=spend.reshape(cube),
        exposure=spend.reshape(cube),
        attributed_sales=np.full(cube, np.nan),
        controls=(),
        control_values=np.zeros((1, periods, 0)),
        population=np.ones(1),
        currency="EUR",
        frequency=Frequency.WEEKLY if weekly else Frequency.DAILY,
    )


def noisy(seed: int, periods: int, scale: float = 0.03) -> np.ndarray:
    """Sales with weekdays, a season and autocorrelated noise."""
    rng, time, state = np.random.default_rng(seed), np.arange(periods), 0.0
    noise = np.zeros(periods)
    for period in time:
        state = 0.5 * state + np.sqrt(0.75) * rng.standard_normal()
        noise[period] = scale * state
    return 10_000 * np.exp(0.1 * np.sin(2 * np.pi * time / 7) + 0.15 * np.sin(2 * np.pi * time / 365.25) + noise)


def switched(
    seed: int = 1, *, effect: float = 0.0, scale: float = 0.03, pairs: int = 7, washout: int = 2
) -> tuple[ReadPanel, Schedule]:
    """A daily panel of 300 days and then a switchback in blocks of seven days, without carry-over."""
    schedule = draw_schedule((FIRST + 300).item(), 7, washout, pairs, seed)
    periods = 300 + 14 * pairs
    on = np.ones(periods)
    for number, block in enumerate(schedule.blocks):
        on[300 + 7 * number : 307 + 7 * number] = block.on
    sales = noisy(seed, periods, scale) * np.where(on > 0, 1 + effect, 1.0)
    return ReadPanel(national(sales, 500 * on)), schedule


def test_without_noise_the_effect_comes_back() -> None:
    read, schedule = switched(effect=0.06, scale=1e-7)
    result = analyze_switchback(read, schedule, "tv", None, SETTINGS)
    assert result.effect.percent_lift.estimate == pytest.approx(0.06, abs=1e-5)
    counted = 7 * 5
    assert result.effect.spend_change is not None
    assert result.effect.spend_change.estimate == pytest.approx(500 * counted)
    sold = result.observed[result.counted & result.on].sum()
    assert result.effect.lift.estimate == pytest.approx(sold * 0.06 / 1.06, rel=1e-4)
    assert result.effect.iroas is not None
    assert result.effect.iroas.estimate == pytest.approx(sold * 0.06 / 1.06 / (500 * counted), rel=1e-4)
    assert result.effect.p_value == pytest.approx(2 / 2**7)


def test_the_p_value_is_that_of_all_outcomes_gone_through_by_hand() -> None:
    read, schedule = switched(3, effect=0.01)
    grid = periods_of(read.panel, schedule)
    level = national_series(read.panel, "tv").level
    found = estimate(level, weigh_plainly(grid, coins(grid, 0)), grid, 0.9)
    differences = []
    for first, second in _pairs():
        means = [level[grid.counted[block] : grid.stop[block]].mean() for block in (first, second)]
        differences.append((means[0] - means[1]) * (1 if grid.on[first] else -1))
    own = np.mean(differences)
    flipped = [np.mean(np.multiply(signs, differences)) for signs in itertools.product((1, -1), repeat=7)]
    assert found.effect.estimate == pytest.approx(own)
    assert found.p_value == pytest.approx(np.mean(np.abs(flipped) >= abs(own) - 1e-12))


def _pairs() -> list[tuple[int, int]]:
    return [(2 * pair, 2 * pair + 1) for pair in range(7)]


def test_the_interval_holds_exactly_the_effects_that_are_not_refused() -> None:
    read, schedule = switched(4, effect=0.02)
    grid, series = periods_of(read.panel, schedule), national_series(read.panel, "tv")
    weights = weigh(series, grid, coins(grid, 0))
    found = estimate(series.level, weights, grid, 0.9).effect
    on = np.zeros(len(series.level))
    on[grid.kept] = grid.on[grid.block_of_kept]
    for effect, kept in ((found.low + 1e-5, True), (found.low - 1e-5, False), (found.high - 1e-5, True)):
        p_value = estimate(series.level - effect * on, weights, grid, 0.9).p_value
        assert (p_value > 0.1) is kept


def test_every_outcome_of_the_coins_is_as_likely_to_be_called_as_the_level_says() -> None:
    read, schedule = switched(5)
    grid, series = periods_of(read.panel, schedule), national_series(read.panel, "tv")
    states = coins(grid, 0)
    sizes = np.abs(weigh(series, grid, states).estimates(series.level))
    p_values = (sizes[None, :] >= sizes[:, None] * (1 - 1e-9)).mean(axis=1)
    assert len(states) == len(np.unique(states, axis=0)) == 128
    assert 0.1 - 2 / 128 <= (p_values <= 0.1).mean() <= 0.1


def test_season_and_weekdays_do_not_hide_the_effect() -> None:
    read, schedule = switched(6, effect=0.04, scale=0.01)
    result = analyze_switchback(read, schedule, "tv", None, SETTINGS)
    assert result.effect.percent_lift.touches(0.04)
    assert result.effect.percent_lift.low > 0


def test_an_effect_that_outlasts_the_washout_is_found_in_part() -> None:
    read, schedule = switched(7)
    grid, series = periods_of(read.panel, schedule), national_series(read.panel, "tv")
    shares = [carried_share(series, grid, life, 0) for life in (0.0, 0.5, 2.0, 8.0)]
    assert shares[0] == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)
    assert shares[1] > 0.95
    assert shares[3] < 0.5


def test_exposure_is_the_adstock_written_as_a_recursion() -> None:
    read, schedule = switched(8)
    grid = periods_of(read.panel, schedule)
    state, carried = 1.0, []
    for block in range(len(grid.first)):
        for _ in range(7):
            state = 0.5 ** (1 / 3) * state + (1 - 0.5 ** (1 / 3)) * grid.on[block]
            carried.append(state)
    expected = np.array(carried)[grid.kept - grid.first[0]]
    np.testing.assert_allclose(exposure(grid, grid.on[None], 3.0)[0], expected, atol=2e-3)


@pytest.mark.parametrize(
    ("a_day", "swing", "reason"), [(500.0, 1e-3, "may be zero"), (123_456.78, 0, "did not change")]
)
def test_spend_that_never_stopped_gives_no_return(a_day: float, swing: float, reason: str) -> None:
    read, schedule = switched(9)
    panel = replace(read.panel, spend=np.full_like(read.panel.spend, a_day) + swing * noisy(1, 398)[None, :, None])
    result = analyze_switchback(replace(read, panel=panel), schedule, "tv", None, SETTINGS)
    assert result.effect.iroas is None
    assert reason in str(result.effect.iroas_refused_because)
    assert any("still spent" in warning for warning in result.warnings)


def test_days_without_sales_are_taken_as_amounts() -> None:
    read, schedule = switched(10, effect=0.05, scale=0.01)
    sales = read.panel.outcome_values.copy()
    sales[0, 40] = 0.0
    result = analyze_switchback(
        replace(read, panel=replace(read.panel, outcome_values=sales)), schedule, "tv", None, SETTINGS
    )
    assert result.effect.percent_lift.touches(0.05)
    assert any("as amounts" in warning for warning in result.warnings)


def test_too_few_pairs_bound_nothing() -> None:
    read, schedule = switched(11, pairs=3)
    result = analyze_switchback(read, schedule, "tv", None, SETTINGS)
    assert not result.effect.lift.bounded
    assert "5 pairs are needed" in result.verdict


def test_no_row_of_experiments_is_made_up() -> None:
    read, schedule = switched(12)
    told = analyze_switchback(read, schedule, "tv", None, SETTINGS).to_json()
    assert told["experiments"] == []
    assert "twice" in told["experiments_refused_because"]


@pytest.mark.parametrize(("level", "pairs"), [(0.5, 2), (0.9, 5), (0.95, 6), (0.99, 8)])
def test_pairs_that_a_level_takes(level: float, pairs: int) -> None:
    assert pairs_needed(level) == pairs


def test_a_design_says_what_it_finds_and_what_it_costs() -> None:
    read = ReadPanel(national(noisy(1, 400), np.full(400, 500.0)))
    answer = design_switchback(read, replace(ASKED, iroas=1.5))
    design = answer.design
    assert design is not None
    assert answer.refused_because is None
    assert design.pairs == 7
    assert design.mde is not None
    assert 0.005 < design.mde < 0.05
    assert design.power >= 0.8
    assert design.size <= 0.1
    assert design.spend_change == pytest.approx(-49 * 500)
    assert design.cost == pytest.approx(1.5 * 49 * 500)
    assert (design.periods_left_out, design.periods_counted) == (28, 70)
    assert design.schedule.start == date(2024, 2, 6)
    assert design.schedule == draw_schedule(date(2024, 2, 6), 7, 2, 7, 0)


def test_more_pairs_find_less() -> None:
    read = ReadPanel(national(noisy(2, 700), np.full(700, 500.0)))
    short, long = (design_switchback(read, replace(ASKED, weeks=weeks)).design for weeks in (10, 26))
    assert short is not None
    assert long is not None
    assert short.mde is not None
    assert long.mde is not None
    assert long.mde < short.mde


def test_a_weekly_panel_is_designed_and_analysed() -> None:
    sales = noisy(3, 7 * 156).reshape(156, 7).sum(axis=1)
    read = ReadPanel(national(sales, np.full(156, 3_500.0), weekly=True))
    answer = design_switchback(read, SwitchbackQuestion(channel="tv", block_days=14, washout=1, weeks=24))
    assert answer.design is not None
    schedule = answer.design.schedule
    assert {block.counted_from - block.start for block in schedule.blocks} == {timedelta(days=7)}
    on = np.ones(180)
    for number, block in enumerate(schedule.blocks):
        on[156 + 2 * number : 158 + 2 * number] = block.on
    sales = noisy(3, 7 * 180).reshape(180, 7).sum(axis=1) * (1 + 0.08 * on)
    later = ReadPanel(national(sales, 3_500.0 * on, weekly=True))
    result = analyze_switchback(later, schedule, "tv", None, SETTINGS)
    assert result.effect.percent_lift.touches(0.08)
    assert result.effect.percent_lift.low > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weeks": 6}, ["too few blocks", "3 pairs", "0.25", "5 pairs", "10 weeks"]),
        ({"weeks": 14, "mde": 0.001}, ["the least effect it finds", "0.1%"]),
        ({"weeks": 14, "iroas": 0.1}, ["the spend is too small"]),
        ({"weeks": 40}, ["past windows", "earlier rows"]),
    ],
)
def test_a_refusal_names_the_limit_that_binds(change: dict[str, float], words: list[str]) -> None:
    read = ReadPanel(national(noisy(1, 400), np.full(400, 500.0)))
    reason = design_switchback(read, replace(ASKED, **change)).refused_because  # type: ignore[arg-type]
    assert reason is not None
    assert all(word in reason for word in words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"channel": "tb"}, "known are 'tv'"),
        ({"washout": 7}, "leaves nothing of blocks"),
        ({"start": date(2023, 5, 1)}, "does not follow the panel"),
        ({"outcome": "visits"}, "outcome 'visits' is not in the panel"),
    ],
)
def test_what_cannot_be_designed(change: dict[str, object], words: str) -> None:
    read = ReadPanel(national(noisy(1, 400), np.full(400, 500.0)))
    with pytest.raises(GeoTestError, match=words):
        design_switchback(read, replace(ASKED, **change))  # type: ignore[arg-type]


def block(pair: int, start: int, on: bool, length: int = 7) -> Block:
    day = date(2024, 1, 1) + timedelta(days=start)
    return Block(pair, day, day + timedelta(days=length - 1), day + timedelta(days=1), on)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ((), "has no block"),
        ((block(1, 0, True), block(1, 7, True)), "every block of the schedule is on"),
        ((block(1, 0, False), block(1, 7, False)), "every block of the schedule is off"),
        ((block(1, 0, True), block(1, 5, False)), "overlaps or precedes"),
        ((block(1, 0, True), block(1, 7, False), block(2, 14, True)), "pair 2 of the schedule has blocks on"),
        ((block(1, 0, True), block(1, 7, False, length=8)), "differ in length"),
        ((block(1, 0, True), block(2, 7, True), block(1, 14, False), block(2, 21, False)), "must follow each other"),
    ],
)
def test_what_is_no_schedule(blocks: tuple[Block, ...], words: str) -> None:
    with pytest.raises(GeoTestError, match=words):
        Schedule(blocks)


def test_a_schedule_outside_the_panel_or_inside_its_weeks_is_refused() -> None:
    read, schedule = switched()
    early = ReadPanel(national(noisy(1, 310), np.full(310, 1.0)))
    with pytest.raises(GeoTestError, match="the schedule runs from"):
        analyze_switchback(early, schedule, "tv", None, SETTINGS)
    weekly = ReadPanel(national(noisy(1, 100), np.full(100, 1.0), weekly=True))
    with pytest.raises(GeoTestError, match="falls inside a week"):
        analyze_switchback(weekly, schedule, "tv", None, SETTINGS)
    with pytest.raises(GeoTestError, match="before the schedule's start"):
        analyze_switchback(read, draw_schedule(date(2023, 1, 4), 7, 2, 7, 0), "tv", None, SETTINGS)
