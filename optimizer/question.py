"""What a plan is asked for: the best sales for a budget, or the budget for a target. Values only."""

import math
from dataclasses import dataclass
from enum import Enum

from optimizer.errors import BadProblem

LARGEST_AMOUNT = 1e12  # cents must stay exact in a float


class Asked(Enum):
    """The four questions; the value is the name of the option and of the key in JSON."""

    BUDGET = "budget"
    TARGET_SALES = "target_sales"
    TARGET_IROAS = "target_iroas"
    MARGINAL_IROAS = "marginal_iroas"


@dataclass(frozen=True)
class Question:
    """One question with its number.

    `BUDGET`: the best plan that spends `value`, in money. `TARGET_SALES`: the least budget whose expected incremental
    sales reach `value`, in money. `TARGET_IROAS`: the largest budget whose average iROAS, at the mean, is still
    `value`. `MARGINAL_IROAS`: the budget up to which further money returns at least `value` per unit: the plan
    that makes `sales - value x spend` largest, so no further amount, however large, would return as much.

    Raises:
        BadProblem: `value` is no positive number, or a budget beyond what cents can count.
    """

    asked: Asked
    value: float

    def __post_init__(self) -> None:
        name = "budget" if self.asked is Asked.BUDGET else self.asked.value
        if not (isinstance(self.value, int | float) and math.isfinite(self.value) and self.value > 0):
            raise BadProblem(f"The {name} must be a number above 0, not {self.value}.")
        if self.asked in (Asked.BUDGET, Asked.TARGET_SALES) and self.value < 0.01:
            raise BadProblem(f"The {name} must be at least 0.01, not {self.value}.")
        if self.value > LARGEST_AMOUNT:
            raise BadProblem(
                f"The {name} {self.value:,.0f} is larger than {LARGEST_AMOUNT:,.0f}; plan in a larger unit of money."
            )
