"""A program with risk -> its optimum: ranges of spend are split, the most promising first, until the gap is closed.

Best-first branch and bound (Land and Doig 1960). A node allows each channel a stretch of its breakpoints; its bound is
that of the best mixture of them. The channel whose mixture promises most beyond what its spend sells is split there.
"""

import heapq
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.optimum import TOO_SHORT, Optimum, relative_gap
from optimizer.piecewise import Piecewise
from optimizer.program import Program
from optimizer.risk import Mixture, best_mixture, without_steps
from optimizer.solver import Deadline, SolverSettings
from optimizer.valuation import Valuation

FloatArray = NDArray[np.float64]
GAP_SHARE = 0.1  # of the gap limit: how near to the bound the search goes
POLISH_EVERY = 8  # nodes


@dataclass
class _Incumbent:
    """The best plan so far."""

    program: Program
    spend: FloatArray | None = None
    value: float = -np.inf

    def offer(self, spend: FloatArray) -> None:
        if self.program.fits(spend):
            value = self.program.value(spend)
            if value > self.value:
                self.spend, self.value = spend, value


def optimise_worst_draws(program: Program, settings: SolverSettings, deadline: Deadline) -> Optimum | None:
    """The same as `optimum.optimise` for a program with risk; steps too fine to be listed are left to rounding.

    Returns:
        The optimum, or `None` where the rules cannot hold together.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    program = without_steps(program)
    incumbent = _Incumbent(program)
    root = best_mixture(program, _mean(program), -np.inf, deadline)
    if root is None:
        return None
    incumbent.offer(root.spend)
    bound = _search(program, root, incumbent, max(settings.exact_form_above, GAP_SHARE * settings.gap_limit), deadline)
    if incumbent.spend is None:
        if not np.isfinite(bound):
            return None
        raise DeadlineExceeded(TOO_SHORT)
    return Optimum(incumbent.spend, incumbent.value, max(bound, incumbent.value), root.row_prices)


def _search(program: Program, root: Mixture, incumbent: _Incumbent, gap: float, deadline: Deadline) -> float:
    """The bound that is left when the gap is closed or time is up; minus infinity where no plan exists."""
    numbers, settled = count(), -np.inf
    open_nodes = [(-root.bound, next(numbers), program, root)]
    while open_nodes:
        bound = max(-open_nodes[0][0], settled)
        if deadline.is_over or (incumbent.spend is not None and relative_gap(bound, incumbent.value) <= gap):
            return bound
        _, number, node, mixture = heapq.heappop(open_nodes)
        children = _split(node, mixture)
        if not children:
            settled = max(settled, mixture.bound)
        try:
            if number % POLISH_EVERY == 0:
                _polish(node, mixture, incumbent, deadline)
            found = [(child, _solve(child, mixture, incumbent, gap, deadline)) for child in children]
        except DeadlineExceeded:
            return bound
        for child, best in found:
            if best is not None and best.bound > incumbent.value:
                heapq.heappush(open_nodes, (-min(best.bound, mixture.bound), next(numbers), child, best))
    return max(incumbent.value, settled)


def _solve(child: Program, parent: Mixture, incumbent: _Incumbent, gap: float, deadline: Deadline) -> Mixture | None:
    good_enough = incumbent.value + gap * abs(incumbent.value) if incumbent.spend is not None else -np.inf
    found = best_mixture(child, parent.cuts or _mean(child), good_enough, deadline)
    if found is not None:
        incumbent.offer(found.spend)
    return found


def _mean(program: Program) -> tuple[Valuation, ...]:
    assert program.risk is not None
    return (program.risk.mean,)


def _polish(node: Program, mixture: Mixture, incumbent: _Incumbent, deadline: Deadline) -> None:
    """The best plan in the concave runs, by the draws that are worst there, that hold the mixture's spend."""
    worst = node.at_worst(mixture.spend)
    curves = tuple(
        replace(own, runs=curve.runs).only_run(curve.run_at(float(cents)))
        for own, curve, cents in zip(node.curves, worst.curves, mixture.spend, strict=True)
    )
    found = best_mixture(replace(node, curves=curves), mixture.cuts or _mean(node), -np.inf, deadline)
    if found is not None:
        incumbent.offer(found.spend)


def _split(node: Program, mixture: Mixture) -> list[Program]:
    """Two programs between which every plan of this one lies."""
    worst = node.at_worst(mixture.spend)
    promises = []
    for channel, (curve, shares) in enumerate(zip(worst.curves, mixture.weights, strict=True)):
        sold = float(worst.curve_at(channel, mixture.spend[channel : channel + 1])[0])
        outside = 0.0 if node.curves[channel].contains(float(mixture.spend[channel]), 0.0) else 1e-9 * abs(sold) + 1e-9
        promises.append(float(shares @ curve.values) - sold + outside)
    order = np.argsort(promises, kind="stable")[::-1]
    for channel in order:
        halves = _halves(node.curves[channel], float(mixture.spend[channel]))
        if halves:
            return [_with_curve(node, int(channel), half) for half in halves]
    return []


def _with_curve(node: Program, channel: int, curve: Piecewise) -> Program:
    return replace(node, curves=(*node.curves[:channel], curve, *node.curves[channel + 1 :]))


def _halves(curve: Piecewise, spend_cents: float) -> list[Piecewise]:
    """The curve up to a breakpoint next to a spend and from there on; in a gap that no spend may lie in, around it."""
    points = curve.breakpoints
    if len(points) == 1:
        return []
    cell = int(np.clip(np.searchsorted(points, spend_cents, side="right") - 1, 0, len(points) - 2))
    if _is_gap(curve, cell):
        return [curve.stretch(0, cell), curve.stretch(cell + 1, len(points) - 1)]
    if len(points) == 2:
        return []
    nearer = cell if spend_cents - points[cell] < points[cell + 1] - spend_cents else cell + 1
    middle = int(np.clip(nearer, 1, len(points) - 2))
    return [curve.stretch(0, middle), curve.stretch(middle, len(points) - 1)]


def _is_gap(curve: Piecewise, cell: int) -> bool:
    return not any(first <= cell < last for first, last in curve.runs)
