"""Counts and exposures of targets in, rates shrunk towards ad group, campaign and account out: closed form, any size.

Every level's effect is a gamma variable of mean one around its parent. A node tells its parent as much as a Poisson
count of the same relative precision would (hierarchical credibility, Jewell 1975, with gamma-Poisson at the bottom),
so going up and down a few times gives all posterior means. How much nodes differ is estimated by predicting each from
its siblings (negative binomial likelihood with the node itself left out).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
_Sums = tuple[FloatArray, FloatArray]
IntArray = NDArray[np.int64]

SWEEPS = 5
SHAPES = np.geomspace(0.05, 300.0, 28)
SHAPE_PRIOR = (np.log(3.0), 1.5)
"""Mean and sd of the log shape: relative sd between siblings is mostly 0.1 to 2."""
SAMPLE = 20_000
CELL_WEIGHT = 10.0
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Nesting:
    """Who belongs to whom.

    Attributes:
        ad_group: of every target, `(N,)`.
        campaign: of every ad group, `(A,)`.
        channel: of every campaign, `(M,)`.
        cell: kind, match and brand of every target, within its channel, `(N,)`.
        target_channel: of every target, `(N,)`.
        cell_channel: of every cell, `(J,)`.
        channels: how many.
    """

    ad_group: IntArray
    campaign: IntArray
    channel: IntArray
    cell: IntArray
    target_channel: IntArray
    cell_channel: IntArray
    channels: int


@dataclass(frozen=True, eq=False)
class Shrunk:
    """Posterior rates.

    Attributes:
        rate: mean per unit of exposure, `(N,)`.
        relative_variance: of what is not known about the rate, over its square, `(N,)`.
        own: share of the rate that rests on the target's own data, 0 to 1, `(N,)`.
        root: mean rate by channel, `(C,)`.
        shapes: gamma shape of targets, ad groups and campaigns around their parents, by channel, `(3, C)`.
    """

    rate: FloatArray
    relative_variance: FloatArray
    own: FloatArray
    root: FloatArray
    shapes: FloatArray


def nesting_of(snapshot: Snapshot) -> Nesting:
    """The account's tree, with its cells of kind, match and brand."""
    targets = snapshot.targets
    channel = snapshot.channel_of_targets()
    campaign = np.zeros(len(targets.ad_group_ids), dtype=np.int64)
    campaign[targets.ad_group] = targets.campaign
    code = ((channel * 8 + targets.kind) * 8 + targets.match) * 2 + targets.branded
    codes, cell = np.unique(code, return_inverse=True)
    return Nesting(
        ad_group=targets.ad_group,
        campaign=campaign,
        channel=snapshot.campaigns.channel,
        cell=cell.astype(np.int64),
        target_channel=channel,
        cell_channel=codes // 128,
        channels=len(snapshot.channels),
    )


def nested(count: FloatArray, exposure: FloatArray, nesting: Nesting, weakest: FloatArray) -> Shrunk:
    """Shrink rates.

    Args:
        count: what happened by target, `(N,)`; need not be whole.
        exposure: in how many trials or days, `(N,)`, zero or more; count has mean and variance exposure x rate.
        nesting: who belongs to whom.
        weakest: prior mean of the rate by channel, worth one count, for channels without any data, `(C,)`.
    """
    channels = np.arange(nesting.channels)
    root = _by(nesting.target_channel, count, nesting.channels) + 1.0
    root /= _by(nesting.target_channel, exposure, nesting.channels) + 1.0 / weakest
    cells = np.ones(len(nesting.cell_channel))
    shapes = np.tile(np.array([[1.5], [4.0], [4.0]]), (1, nesting.channels))
    ones, nothing = np.ones(nesting.channels), np.zeros(nesting.channels)
    of_group, of_campaign = np.ones(len(nesting.campaign)), np.ones(len(nesting.channel))
    for sweep in range(SWEEPS):
        scale = root[nesting.target_channel] * cells[nesting.cell]
        targets = _Nodes(count, exposure * scale, nesting.ad_group, nesting.target_channel)
        groups = _tell(targets, of_group, shapes[0], nesting.campaign, nesting.channel[nesting.campaign])
        campaigns = _tell(groups, of_campaign, shapes[1], nesting.channel, nesting.channel)
        whole = _tell(campaigns, ones, shapes[2], channels, channels)
        of_campaign, campaign_variance = _posterior(campaigns, ones, nothing, shapes[2])
        of_group, group_variance = _posterior(groups, of_campaign, campaign_variance, shapes[1])
        if sweep + 1 == SWEEPS:
            break
        cells = _cells(cells, targets, of_group, shapes[0], nesting)
        shapes = np.stack(
            [
                _shapes(targets, (groups, of_campaign, shapes[1]), of_group, shapes[0]),
                _shapes(groups, (campaigns, ones, shapes[2]), of_campaign, shapes[1]),
                _shapes(campaigns, None, ones, shapes[2]),
            ]
        )
        root = root * (whole.count + 1.0) / (whole.expected + 1.0)
    effect, variance = _posterior(targets, of_group, group_variance, shapes[0])
    variance += 1.0 / (whole.expected[nesting.target_channel] + 1.0)
    prior = shapes[0][nesting.target_channel] / of_group[nesting.ad_group]
    return Shrunk(scale * effect, variance, targets.expected / (targets.expected + prior), root, shapes)


def weighted(target: IntArray, weight: FloatArray, count: FloatArray, exposure: FloatArray, size: int) -> _Sums:
    """Weighted counts and exposures by target, each `(size,)`, scaled so that counts still scatter as a Poisson's do.

    Weights below one make sums scatter less than their size says; the scale is that of the effective exposure.
    """
    sums = _by(target, weight * exposure, size)
    squares = _by(target, weight**2 * exposure, size)
    scale = np.where(squares > 0, sums / np.maximum(squares, TINY), 1.0)
    return scale * _by(target, weight * count, size), scale * sums


@dataclass(frozen=True, eq=False)
class _Nodes:
    """Nodes of one level: counts, expected counts at effect one, the parent and the channel of each, `(n,)`."""

    count: FloatArray
    expected: FloatArray
    parent: IntArray
    channel: IntArray


def _weights(nodes: _Nodes, parent_effect: FloatArray, shape: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Relative precision with which each node knows its parent, and its ratio to what the parent lets expect."""
    expected = nodes.expected * parent_effect[nodes.parent]
    k = shape[nodes.channel]
    return expected * k / (expected + k), nodes.count / np.maximum(expected, TINY)


def _tell(
    nodes: _Nodes, parent_effect: FloatArray, shape: FloatArray, grandparent: IntArray, channel: IntArray
) -> _Nodes:
    """The parents of some nodes, with the counts of a Poisson experiment that would say as much of them."""
    weight, ratio = _weights(nodes, parent_effect, shape)
    size = len(parent_effect)
    expected = _by(nodes.parent, weight, size) / parent_effect
    return _Nodes(_by(nodes.parent, weight * ratio, size), expected, grandparent, channel)


def _posterior(
    nodes: _Nodes, parent_effect: FloatArray, parent_variance: FloatArray, shape: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean effect of each node, and its relative variance."""
    k = shape[nodes.channel]
    prior = k / parent_effect[nodes.parent]
    mean = (k + nodes.count) / (prior + nodes.expected)
    leaning = prior / (prior + nodes.expected)
    return mean, 1.0 / (k + nodes.count) + leaning**2 * parent_variance[nodes.parent]


def _shapes(
    nodes: _Nodes, above: tuple[_Nodes, FloatArray, FloatArray] | None, parent_effect: FloatArray, shape: FloatArray
) -> FloatArray:
    """The shape that best predicts nodes from their siblings, by channel, `(C,)`."""
    weight, ratio = _weights(nodes, parent_effect, shape)
    found = shape.copy()
    for channel in range(len(shape)):
        known = np.flatnonzero((nodes.channel == channel) & (nodes.expected > TINY))
        if len(known) > SAMPLE:
            known = known[np.linspace(0, len(known) - 1, SAMPLE).astype(np.int64)]
        if not len(known):
            continue
        parent = nodes.parent[known]
        mean, variance = np.ones(len(known)), np.zeros(len(known))
        if above is not None:
            parents, effect, upper_shape = above
            k = upper_shape[channel]
            left = np.maximum(parents.count[parent] - weight[known] * ratio[known], 0.0)
            rest = np.maximum(parents.expected[parent] - weight[known] / parent_effect[parent], 0.0)
            mean, variance = (k + left) / (k / effect[parents.parent[parent]] + rest), 1.0 / (k + left)
        found[channel] = _best_shape(nodes.count[known], nodes.expected[known] * mean, variance)
    return found


def _best_shape(count: FloatArray, mean: FloatArray, variance: FloatArray) -> float:
    """Largest posterior on a grid of shapes, between grid points by a parabola."""
    happened = np.flatnonzero(count)
    some, inverse = count[happened], 1.0 / SHAPES[:, None]
    size = 1.0 / (inverse + variance * (1.0 + inverse))
    # Without counts the gamma functions cancel; what is the same for all shapes is left out.
    log = np.log(size + mean)
    told = gammaln(some + size[:, happened]) - gammaln(size[:, happened]) - some * log[:, happened]
    scores = told.sum(axis=1) - (size * (log - np.log(size))).sum(axis=1)
    scores -= 0.5 * ((np.log(SHAPES) - SHAPE_PRIOR[0]) / SHAPE_PRIOR[1]) ** 2
    top = int(np.clip(np.argmax(scores), 1, len(SHAPES) - 2))
    before, here, after = scores[top - 1 : top + 2]
    bend = before - 2.0 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    step = np.log(SHAPES[1] / SHAPES[0])
    return float(SHAPES[top] * np.exp(np.clip(shift, -1.0, 1.0) * step))


def _cells(cells: FloatArray, targets: _Nodes, of_group: FloatArray, shape: FloatArray, nesting: Nesting) -> FloatArray:
    """Effect of kind, match and brand beside that of the ad group, mean one over a channel's data."""
    weight, ratio = _weights(targets, of_group, shape)
    size = len(cells)
    weights = _by(nesting.cell, weight, size)
    moved = cells * (_by(nesting.cell, weight * ratio, size) + CELL_WEIGHT) / (weights + CELL_WEIGHT)
    total = _by(nesting.cell_channel, weights, nesting.channels)[nesting.cell_channel]
    share = np.where(total > 0, weights / np.maximum(total, TINY), 0.0)
    mean = _by(nesting.cell_channel, share * np.log(moved), nesting.channels)
    scaled: FloatArray = moved / np.exp(mean)[nesting.cell_channel]
    return scaled


def _by(place: IntArray, values: FloatArray, size: int) -> FloatArray:
    total: FloatArray = np.bincount(place, weights=values, minlength=size).astype(np.float64)
    return total
