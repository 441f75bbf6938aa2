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
# # The service from Python
#
# A company runs one service; buyers and analysts ask it from wherever they are. Here the service runs on a thread of
# this notebook, with a folder for all it keeps; elsewhere its address and a key are enough. The advertiser is made up.

# %%
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pandas as pd

from api.client import Client, Invalid
from api.embedded import embedded
from api.services import administer
from api.settings import Settings
from api.store.accounts import NewAccount
from api.store.keys import KeyWish
from api.store.states import Role
from measurement.simulate import WorldKind, WorldSpec, simulate, write_world

# %%
room = Path(tempfile.mkdtemp())
running = ExitStack()
url, service = running.enter_context(embedded(Settings(data=room / "service")))
account = administer.create_account(service, NewAccount("Acme"))["id"]
key = administer.create_key(service, KeyWish(account, Role.ANALYST, "notebook"))["key"]
print(url, account)

# %% [markdown]
# ## From a panel to a model
#
# Whatever is wrong with a file is said when it is sent, and by field. A fit is a job of the service: it goes on if this
# notebook is closed. Sent twice, over a connection that broke, it is still done once.

# %%
client = Client(url, key)
world = simulate(WorldSpec(WorldKind.PLAIN, geos=10, weeks=104, channels=3, seed=4))
panel = write_world(world, room / "advertiser") / "panel.csv"
dataset = client.datasets.upload(panel, "weekly sales")
print(dataset.id, "version", dataset.version, "with", dataset.rows, "rows")

# %%
model = client.models.fit(dataset, seed=1, progress=True)
pd.DataFrame(
    {
        "iROAS": f"{entry['iroas']['mean']:.2f} [{entry['iroas']['p5']:.2f}, {entry['iroas']['p95']:.2f}]",
        "verdict": entry["verdict"],
    }
    for entry in model.channels
).set_index(pd.Index([entry["channel"] for entry in model.channels], name="channel"))

# %% [markdown]
# ## A plan
#
# The same keys as `rmo plan --json`, and kept: it has an id, can be compared with another, and exported.

# %%
budget = sum(entry["spend"] for entry in model.channels) / 4
rules = {"channel": {entry["channel"]: {"max_change": 0.4} for entry in model.channels}}
plan = client.plans.create(model, budget=round(budget), weeks=13, rules=rules)
print(plan.status, *plan.advice, sep="\n")
pd.DataFrame(plan.lines)[["channel", "current_spend", "spend", "change"]].round(2).set_index("channel")

# %%
stay = client.plans.create(model, budget=round(budget * 0.9), weeks=13)
client.plans.compare(plan, stay)

# %%
print(client.plans.export(plan).decode()[:300])

# %% [markdown]
# ## What goes wrong is an error that says what
#
# One tree of errors; each carries the problem document of the service.

# %%
try:
    client.plans.create(model, budget=-5)
except Invalid as refused:
    print(refused.status, refused.code, refused.errors)

# %%
client.close()
running.close()
