"""The public `small_business` panel with its published truth: standardised RMSE of the weekly contributions."""

from pathlib import Path

import numpy as np
import pandas as pd

from measurement.fit import FitSettings, fit_model
from measurement.panel_map import read_panel_map
from measurement.priors import ChannelPrior, Priors, Spread
from measurement.reading import read_panel

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "mmm"
PRIORS = Priors(ChannelPrior(iroas=Spread(8.0, 35.0), sells_nothing=0.02))
"""The advertiser's ROAS reaches 32."""


def small_business_srmse() -> dict[str, float] | None:
    """RMSE of each channel's weekly contribution over its absolute mean, and `"mean"`; None without the data.

    The RMSE is taken over all weeks of the file, against the posterior mean.
    """
    if not DATA.exists():
        return None
    read = read_panel(
        DATA / "small_business_data.csv", panel_map=read_panel_map(ROOT / "docs" / "maps" / "small_business_data.toml")
    )
    model = fit_model(read.panel, FitSettings(seed=1, priors=PRIORS))
    truth = pd.read_csv(DATA / "small_business_true_contributions.csv")
    estimate = model.draws["contribution"].mean(axis=0)
    names = [column.removeprefix("contribution_") for column in truth.columns if column.startswith("contribution_")]
    errors = {}
    for name in names:
        true = truth[f"contribution_{name}"].to_numpy()
        channel = model.panel.channel_names.index(name.split("_", 1)[1])
        errors[name] = float(np.sqrt(np.mean((estimate[channel] - true) ** 2)) / abs(true.mean()))
    return errors | {"mean": float(np.mean(list(errors.values())))}


if __name__ == "__main__":
    print(small_business_srmse())
