"""A fitted model and a plan in, the plan's totals spread over geos out, with what that brings."""

from typing import TYPE_CHECKING, Any

import numpy as np

from api.plain_json import plain
from measurement.fitted import FittedModel
from optimizer.errors import BadProblem

if TYPE_CHECKING:
    from optimizer.plan import BudgetPlan


def check_geos(model: FittedModel) -> None:
    """Raises BadProblem where the panel has one geo only."""
    if len(model.panel.geos) < 2:
        raise BadProblem("This model knows one geo only, so there is nothing to spread. Leave the plan by geo out.")


def spread_over_geos(model: FittedModel, plan: "BudgetPlan") -> dict[str, Any]:
    """Each channel's total by geo, with the keys of the public JSON."""
    from measurement.geo_response import geo_response, sales_of_split
    from optimizer.geos import RATIOS, describe_split, ratios_of, split_over_geos

    by_name = {line.channel: line.spend for line in plan.lines}
    totals = np.array([by_name[channel] for channel in model.panel.channel_names])
    response = geo_response(model, totals, plan.weeks, RATIOS)
    split = split_over_geos(response)
    ratios = ratios_of(response, split)
    spread = sales_of_split(model, totals, plan.weeks, ratios)
    today = sales_of_split(model, totals, plan.weeks, np.ones_like(ratios))
    found: dict[str, Any] = plain(describe_split(response, split, spread, today).to_json())
    return found
