# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A first plan
#
# From a panel of sales and spend to a budget plan, in the steps that `rmo check`, `rmo fit`, `rmo report` and
# `rmo plan` take. The advertiser is simulated, so that at the end the plan can be held against the truth, which the
# model never sees.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from measurement.description import describe_panel
from measurement.fit import FitSettings, fit_model
from measurement.posterior import response_curves, weekly_contributions
from measurement.reading import read_panel
from measurement.simulate import WorldKind, WorldSpec, simulate, write_world
from optimizer.allocate import allocate
from optimizer.problem import ChannelRule, GroupRule, PlanProblem, Rules
from optimizer.rules import as_a_buyer_means

# %% [markdown]
# ## The panel
#
# One row per week and region. Column names alone say what is what: `sales`, `<channel>_spend`, `search_queries` (a
# demand control), `price_index`, `promo`.

# %%
world = simulate(WorldSpec(WorldKind.PLAIN, geos=12, weeks=104, channels=4, seed=4))
folder = write_world(world, Path(tempfile.mkdtemp()) / "advertiser")
pd.read_csv(folder / "panel.csv").head()

# %%
read = read_panel(folder / "panel.csv")
panel = read.panel
description = describe_panel(panel)
pd.DataFrame(description.to_json()["channels"])[
    ["channel", "spend", "share_of_sales", "variation", "outlook", "reason"]
]

# %% [markdown]
# ## What would not have been sold without advertising
#
# The fit takes a minute or two. Its report carries a verdict per channel: `measured`, `weak` or `not_measurable`, and
# the prior stands beside the posterior, so that one sees what the data added.

# %%
model = fit_model(panel, FitSettings(seed=1))
print(model.report.status.value, *model.report.reasons)
assert model.report.status.value != "refused"

# %%
pd.DataFrame(
    {
        "iROAS": f"{entry.iroas.mean:.2f} [{entry.iroas.p5:.2f}, {entry.iroas.p95:.2f}]",
        "prior": f"[{entry.prior_iroas.p5:.2f}, {entry.prior_iroas.p95:.2f}]",
        "next unit of money": f"{entry.marginal_iroas.mean:.2f}",
        "verdict": entry.verdict.value,
        "truth": round(float(true), 2),
    }
    for entry, true in zip(model.report.channels, world.iroas, strict=True)
).set_index(pd.Index(panel.channel_names, name="channel"))

# %%
weekly = weekly_contributions(model)
pd.DataFrame(weekly.mean, index=pd.DatetimeIndex(weekly.dates), columns=weekly.channels).plot.area(
    title="Incremental sales per week", ylabel="money", figsize=(9, 3)
)
# %% [markdown]
# ## The plan
#
# The next quarter's budget, nobody moves by more than 40 %, and the retailers keep at least a third. As a buyer means
# it, money moves only as far as most draws agree that it gains.

# %%
curves = response_curves(model, weeks=13)
rules = Rules(
    channels={name: ChannelRule(max_change=0.4) for name in curves.channels},
    groups=(GroupRule(channels=("amazon", "walmart"), name="retailers", min_share=0.33),),
)
plan = allocate(PlanProblem(curves, budget=float(curves.current_spend.sum()), rules=as_a_buyer_means(rules)))
print(plan.advice)
pd.DataFrame(
    {
        "today": round(line.current_spend),
        "plan": round(line.spend),
        "brings": f"{line.incremental.mean:,.0f} [{line.incremental.p5:,.0f}, {line.incremental.p95:,.0f}]",
    }
    for line in plan.lines
).set_index(pd.Index([line.channel for line in plan.lines], name="channel"))

# %% [markdown]
# Status, bound and gap say how good the plan is under the mean response; the gain and its interval say how sure we are
# that it beats today's proportions. Only here, with a simulated advertiser, can the claim be checked:

# %%
order = [next(line.spend for line in plan.lines if line.channel == name) for name in world.channels]
true_gain = (
    world.plan_incremental(np.array(order), 13).sum() - world.plan_incremental(world.current_spend(13), 13).sum()
)
print(f"{plan.status.value}, gap {plan.gap:.4%}")
print(
    f"claimed gain {plan.total.gain.mean:,.0f}, 90 % interval [{plan.total.gain.p5:,.0f}, {plan.total.gain.p95:,.0f}]"
)
print(f"true gain    {true_gain:,.0f}; probability of beating today {plan.total.probability_better:.0%}")
