"""The best split that the truth allows, by dynamic programming on the true curves; no solver of the project is used."""

import numpy as np
from numpy.typing import NDArray

from measurement.errors import BadInput
from measurement.simulation.world import World

FloatArray = NDArray[np.float64]

_STEPS = 400
_REFINEMENT = 100


def true_optimum(world: World, budget: float, weeks: int, max_change: float = 0.5) -> tuple[FloatArray, FloatArray]:
    """Spend the whole budget as well as the truth allows.

    Exact on a grid of 400 steps over what may be moved, then once more on a grid 100 times as fine around that answer.

    Args:
        world: the simulated advertiser.
        budget: money to spend over the planned weeks.
        weeks: planned weeks after the panel.
        max_change: largest relative change of a channel against its current spend.

    Returns:
        Spend and true incremental sales, both `(C,)`.

    Raises:
        BadInput: the budget cannot be placed within the allowed changes.
    """
    current = world.current_spend(weeks)
    lowest, highest = current * max(0.0, 1 - max_change), current * (1 + max_change)
    _check_budget(budget, lowest, highest)
    first_step = (budget - lowest.sum()) / _STEPS
    coarse = _best_on_grid(world, weeks, (lowest, highest), budget, first_step or 1.0)
    margin = 2 * first_step
    around = np.maximum(coarse - margin, lowest), np.minimum(coarse + margin, highest)
    fine = _best_on_grid(world, weeks, around, budget, first_step / _REFINEMENT or 1.0)
    values = [world.plan_incremental(spend, weeks) for spend in (coarse, fine)]
    return max(zip((coarse, fine), values, strict=True), key=lambda pair: float(pair[1].sum()))


def _check_budget(budget: float, lowest: FloatArray, highest: FloatArray) -> None:
    slack = 1e-9 * highest.sum()
    if not lowest.sum() - slack <= budget <= highest.sum() + slack:
        raise BadInput(
            f"a budget of {budget:.2f} cannot be placed: the allowed changes ask for "
            f"{lowest.sum():.2f} to {highest.sum():.2f}"
        )


def _best_on_grid(
    world: World, weeks: int, bounds: tuple[FloatArray, FloatArray], budget: float, step: float
) -> FloatArray:
    """Best spend with each channel whole steps above its lower bound, and the rest placed where there is room."""
    lowest, highest = bounds
    steps = max(0, int(np.floor((budget - lowest.sum()) / step + 1e-6)))
    rooms = np.floor((highest - lowest) / step + 1e-6).astype(int)
    steps = min(steps, int(rooms.sum()))
    best = np.full(steps + 1, -np.inf)
    best[0] = 0.0
    choices = []
    for index, name in enumerate(world.channels):
        room = min(int(rooms[index]), steps)
        curve = world.response_curve(name, lowest[index] + step * np.arange(room + 1), weeks)
        best, choice = _add_channel(best, curve)
        choices.append(choice)
    taken = _trace_back(choices, steps)
    placed = lowest + step * taken
    best_slope_first = np.argsort(-world.marginal_iroas(placed, weeks))
    return _place_rest(placed, highest, budget, best_slope_first)


def _add_channel(best: FloatArray, curve: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Best value of every number of steps once a further channel may take some, and how many it takes."""
    total = np.arange(len(best))[:, None]
    own = np.arange(len(curve))[None, :]
    left = total - own
    values = np.where(left >= 0, best[np.maximum(left, 0)] + curve, -np.inf)
    choice: NDArray[np.int64] = values.argmax(axis=1)
    return values.max(axis=1), choice


def _trace_back(choices: list[NDArray[np.int64]], steps: int) -> NDArray[np.int64]:
    taken = np.zeros(len(choices), dtype=np.int64)
    for index in range(len(choices) - 1, -1, -1):
        taken[index] = choices[index][steps]
        steps -= int(taken[index])
    return taken


def _place_rest(spend: FloatArray, highest: FloatArray, budget: float, order: NDArray[np.int64]) -> FloatArray:
    """What the grid could not place, about one step, goes where there is room, in the order given."""
    placed = spend.copy()
    for index in order:
        room = max(0.0, highest[index] - placed[index])
        placed[index] += np.clip(budget - placed.sum(), 0.0, room)
    return placed
