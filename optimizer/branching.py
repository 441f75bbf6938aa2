"""A program -> its optimum: ranges of spend are split, the most promising first, until plan and bound meet.

Best-first branch and bound (Land and Doig 1960). A node allows each channel a stretch of its breakpoints; its bound is
that of the best mixture of them. The channel whose mixture promises most beyond what its spend sells is split there.
Where all curves are concave, the first mixture is the optimum and nothing is split.
"""

import heapq
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import DeadlineExceeded
from optimizer.mixture import TOO_SHORT, Mixture, best_mixture
from optimizer.piecewise import Piecewise
from optimizer.program import Program
from optimizer.proof import Optimum, relative_gap
from optimizer.risk import worst_mixture
from optimizer.solver import Deadline

FloatArray = NDArray[np.float64]
POLISH_EVERY = 8  # nodes


@dataclass
class _Incumbent:
    """The best plan so far."""

    program: Program
    gap: float
    spend: FloatArray | None = None
    value: float = -np.inf

    def offer(self, spend: FloatArray) -> None:
        if self.program.fits(spend):
            value = self.program.value(spend)
            if value > self.value:
                self.spend, self.value = spend, value

    @property
    def good_enough(self) -> float:
        """A bound this low closes the gap."""
        return self.value + self.gap * abs(self.value) if self.spend is not None else -np.inf

    def meets(self, bound: float) -> bool:
        return self.spend is not None and relative_gap(bound, self.value) <= self.gap


def branch(program: Program, gap: float, deadline: Deadline) -> Optimum | None:
    """The best plan within a relative `gap` of its bound, or as near as time allows; the program has no steps to count.

    Returns:
        The optimum, or `None` where the rules cannot hold together.

    Raises:
        DeadlineExceeded: no plan was found in time.
    """
    incumbent = _Incumbent(program, gap)
    root = _mixture(program, None, incumbent, deadline)
    if root is None:
        return None
    bound = _search(program, root, incumbent, deadline)
    if incumbent.spend is None:
        if bound == -np.inf:
            return None
        raise DeadlineExceeded(TOO_SHORT)
    return Optimum(incumbent.spend, incumbent.value, max(bound, incumbent.value), root.row_prices)


def _mixture(program: Program, parent: Mixture | None, incumbent: _Incumbent, deadline: Deadline) -> Mixture | None:
    if program.risk is None:
        found = best_mixture(program, deadline)
    else:
        cuts = parent.cuts if parent else ()
        found = worst_mixture(program, program.risk, cuts, incumbent.good_enough, deadline)
    if found is not None:
        incumbent.offer(found.spend)
    return found


def _search(program: Program, root: Mixture, incumbent: _Incumbent, deadline: Deadline) -> float:
    """The bound that is left when the gap is closed or time is up; minus infinity where no plan exists."""
    numbers, settled = count(), -np.inf
    open_nodes = [(-root.bound, next(numbers), program, root)]
    while open_nodes:
        bound = max(-open_nodes[0][0], settled)
        if deadline.is_over or incumbent.meets(bound):
            return bound
        _, number, node, mixture = heapq.heappop(open_nodes)
        children = _split(node, mixture)
        if not children:
            settled = max(settled, mixture.bound)
        try:
            if number % POLISH_EVERY == 0:
                _polish(node, mixture, incumbent, deadline)
            found = [(child, _mixture(child, mixture, incumbent, deadline)) for child in children]
        except DeadlineExceeded:
            return bound
        for child, best in found:
            if best is not None and best.bound > incumbent.value:
                heapq.heappush(open_nodes, (-min(best.bound, mixture.bound), next(numbers), child, best))
    return max(incumbent.value, settled)


def _polish(node: Program, mixture: Mixture, incumbent: _Incumbent, deadline: Deadline) -> None:
    """Offer the best plan in the concave runs that hold the mixture's spend, by the draws that are worst there."""
    worst = node.at_worst(mixture.spend)
    curves = tuple(
        replace(own, runs=curve.runs).only_run(curve.run_at(float(cents)))
        for own, curve, cents in zip(node.curves, worst.curves, mixture.spend, strict=True)
    )
    _mixture(replace(node, curves=curves), mixture, incumbent, deadline)


def _split(node: Program, mixture: Mixture) -> list[Program]:
    """Two programs between which every plan of this one lies; none where the mixture is a plan."""
    worst = node.at_worst(mixture.spend)
    promised = [float(shares @ curve.values) for curve, shares in zip(worst.curves, mixture.weights, strict=True)]
    sold = [float(worst.curve_at(channel, x)) for channel, x in enumerate(mixture.spend)]
    order = np.argsort(np.array(sold) - np.array(promised), kind="stable")
    strays = [c for c in order if not node.curves[c].contains(float(mixture.spend[c]), 0.0)]
    for channel in [*strays, *order]:
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
    if not any(first <= cell < last for first, last in curve.runs):
        return [curve.stretch(0, cell), curve.stretch(cell + 1, len(points) - 1)]
    if len(points) == 2:
        return []
    nearer = cell if spend_cents - points[cell] < points[cell + 1] - spend_cents else cell + 1
    middle = int(np.clip(nearer, 1, len(points) - 2))
    return [curve.stretch(0, middle), curve.stretch(middle, len(points) - 1)]
