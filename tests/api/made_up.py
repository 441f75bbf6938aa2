"""A made-up fitted model, its contributions, curves and plan: by hand, quick, and with all three verdicts."""

from typing import Any

import numpy as np

from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel, Provenance, WeeklyContributions
from measurement.interval import Interval, summarise
from measurement.panel import Channel, Control, ControlKind, Outcome, Panel
from measurement.report import Baseline, ChannelReport, Diagnostics, FitReport, ModelStatus, Verdict

CHANNELS = ("amazon", "walmart", "search", "social", "display")
VERDICTS = (Verdict.MEASURED, Verdict.MEASURED, Verdict.MEASURED, Verdict.WEAK, Verdict.NOT_MEASURABLE)
REASONS = (
    "spend varied between geos and over time, and sales followed",
    "spend varied between geos and over time, and sales followed",
    "spend follows demand, which the model knows from branded queries",
    "the interval is wide: spend hardly varied",
    "spend never varied; the posterior repeats the prior",
)
IROAS = (2.31, 1.42, 3.05, 0.86, 1.4)
SD = (0.21, 0.24, 0.42, 0.55, 1.1)
WEEKS, GEOS = 104, ("north", "south", "east", "west")


def make_panel() -> Panel:
    rng = np.random.default_rng(3)
    dates = np.datetime64("2023-01-02") + 7 * np.arange(WEEKS)
    season = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(WEEKS) - 30) / 52)
    weight = np.array([1.6, 1.2, 0.8, 0.4])
    per_week = np.array([30e3, 22e3, 18e3, 9e3, 5e3])
    spend = weight[:, None, None] * season[None, :, None] * per_week * rng.gamma(9, 1 / 9, (4, WEEKS, 5)) / 4
    spend[:, :, 4] = weight[:, None] * per_week[4] / 4
    media = (spend * np.array(IROAS)).sum(axis=2)
    sales = weight[:, None] * 85e3 * season * (1 + 0.04 * rng.standard_normal((4, WEEKS))) + media
    return Panel(
        dates=dates.astype("datetime64[D]"),
        geos=GEOS,
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=tuple(Channel(name) for name in CHANNELS),
        spend=spend,
        exposure=spend.copy(),
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(Control("branded_queries", ControlKind.DEMAND),),
        control_values=np.log(1000 * season)[None, :, None].repeat(4, axis=0),
        population=weight * 1e6,
        population_known=True,
        currency="USD",
        country="US",
    )


def around(mean: float, sd: float) -> Interval:
    return summarise(np.random.default_rng(1).normal(mean, sd, 2000))


def make_report(panel: Panel) -> FitReport:
    spend = panel.spend[:, -52:].sum(axis=(0, 1))
    entries = tuple(
        ChannelReport(
            channel=name,
            outcome="sales",
            spend=float(spend[c]),
            incremental=around(IROAS[c] * spend[c], SD[c] * spend[c]),
            iroas=around(IROAS[c], SD[c]),
            marginal_iroas=around(0.6 * IROAS[c], 0.7 * SD[c]),
            prior_iroas=around(1.5, 1.0),
            verdict=VERDICTS[c],
            reason=REASONS[c],
        )
        for c, name in enumerate(CHANNELS)
    )
    return FitReport(
        status=ModelStatus.ACCEPTED_WITH_WARNINGS,
        reasons=("display never varies: it cannot be measured from these data",),
        window_start="2024-01-01",
        window_end="2024-12-29",
        diagnostics=Diagnostics(1.004, 1240.0, 910.0, 0, 71.0),
        baseline=Baseline(0.63, 0.001),
        channels=entries,
    )


def make_model() -> FittedModel:
    panel = make_panel()
    return FittedModel(
        panel=panel,
        draws={"beta": np.zeros((10, 5))},
        report=make_report(panel),
        provenance=Provenance(
            model_id="5f2c9a1be0d4",
            data_hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            seed=1,
            versions={"rmo": "0.1.0", "pymc": "5.28.5", "nutpie": "0.16.8"},
            priors={"channel": {name: {"iroas_median": 1.2, "iroas_p95": 5.0} for name in CHANNELS}},
        ),
        warnings=("column sessions is left out; --controls sessions admits it",),
    )


def make_weekly(model: FittedModel) -> WeeklyContributions:
    panel = model.panel
    mean = panel.spend.sum(axis=0) * np.array(IROAS)
    observed = panel.sales.sum(axis=0)
    baseline = np.convolve(np.pad(observed - mean.sum(axis=1), 2, mode="edge"), np.ones(5) / 5, mode="valid")
    fitted = baseline + mean.sum(axis=1)
    return WeeklyContributions(
        dates=panel.dates,
        channels=panel.channel_names,
        mean=mean,
        low=0.8 * mean,
        high=1.2 * mean,
        baseline=baseline,
        observed=observed,
        fitted=fitted,
        fitted_low=0.94 * fitted,
        fitted_high=1.06 * fitted,
    )


def make_curves(model: FittedModel, weeks: int = 13) -> ResponseCurves:
    rng = np.random.default_rng(5)
    current = model.panel.spend[:, -52:].sum(axis=(0, 1)) * weeks / 52
    grid = current[:, None] * np.linspace(0, 3, 61)
    scale = rng.normal(IROAS, SD, (200, 5)).clip(0.02)
    half = current * rng.uniform(1.2, 2.2, (200, 5))
    incremental = scale[:, :, None] * current[:, None] * (1 + half / current)[:, :, None] * grid
    incremental = incremental / (grid + half[:, :, None])
    return ResponseCurves(
        channels=model.panel.channel_names,
        spend_grid=grid,
        incremental=incremental,
        carry_over_weights=np.tile(0.5 * 0.5 ** np.arange(8), (200, 5, 1)),
        current_spend=current,
        largest_observed_spend=1.4 * current,
        verdicts=VERDICTS,
        weeks=weeks,
        model_id=model.provenance.model_id,
        currency="USD",
    )


def make_plan(curves: ResponseCurves) -> dict[str, Any]:
    change = (0.18, -0.12, 0.4, -0.5, 0.0)
    lines = [
        {
            "channel": name,
            "current_spend": float(curves.current_spend[c]),
            "spend": float(curves.current_spend[c]) * (1 + change[c]),
            "change": change[c],
            "incremental": around(IROAS[c] * float(curves.current_spend[c]), SD[c] * 1e5).to_json(),
            "iroas": around(IROAS[c], SD[c]).to_json(),
            "marginal_iroas": around(1.1, 0.2).to_json(),
            "extrapolated": c == 2,
            "held": c == 4,
        }
        for c, name in enumerate(CHANNELS)
    ]
    spent = sum(line["spend"] for line in lines)
    return {
        "status": "optimal",
        "gap": 0.0004,
        "bound": 2.3e6,
        "objective": 2.29e6,
        "budget": spent,
        "weeks": curves.weeks,
        "lines": lines,
        "total": {
            "spend": spent,
            "unspent": 0.0,
            "incremental": around(2.29e6, 2e5).to_json(),
            "gain": around(1.2e5, 4e4).to_json(),
            "probability_better": 0.97,
        },
        "schedule": [{"week": 1, "channel": "amazon", "spend": 1.0}],
        "binding": [{"rule": "search: at most +40 %", "shadow_price": 0.8}],
        "conflicts": [],
        "advice": ["Move money from social to search.", "Test display: a geo holdout would tell."],
    }
