"""Target ids, a day and a seed in; which targets are jittered, by what factor and until when out.

A draw depends on nothing but seed, id and the target's own block of days, so a repeated run agrees, and a factor stands
for the whole block. Blocks begin on different days for different targets.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pandas.util import hash_array

from bidding.account import Jitter
from bidding.snapshot import Texts

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Hashes = NDArray[np.uint64]

LEAST_DAYS = 7
EPOCH = np.datetime64("2020-01-06")


@dataclass(frozen=True, eq=False)
class Jittered:
    """Random changes of a day.

    Attributes:
        active: which targets are jittered, `(N,)`.
        factor: to multiply the chosen bid by, 1 where not active, `(N,)`.
        until: last day of each target's block, `(N,)`.
    """

    active: BoolArray
    factor: FloatArray
    until: Days


def jitter_bids(ids: Texts, jitter: Jitter, today: np.datetime64, seed: int) -> Jittered:
    """Draw the day's jitter: of `jitter.share` of targets, half up and half down by `jitter.size`."""
    days = max(jitter.days, LEAST_DAYS)
    own = np.asarray(hash_array(np.asarray(ids, dtype=object)), dtype=np.uint64)
    day = int((today.astype("datetime64[D]") - EPOCH).astype(np.int64))
    into = (day + (_mixed(own, 1) % np.uint64(days)).astype(np.int64)) % days
    block = np.array((day - into) + days, dtype=np.int64).astype(np.uint64)
    drawn = _mixed(own ^ _mixed(block, 2), seed + 3)
    uniform = (drawn >> np.uint64(11)).astype(np.float64) / 2.0**53
    active = uniform < jitter.share
    up = uniform < 0.5 * jitter.share
    factor = np.where(active, np.where(up, 1.0 + jitter.size, 1.0 - jitter.size), 1.0)
    until = today.astype("datetime64[D]") + (days - 1 - into).astype("timedelta64[D]")
    return Jittered(active, factor, until)


def _mixed(values: Hashes, salt: int) -> Hashes:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014)."""
    z = values + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = z ^ (z >> np.uint64(31))
    return mixed
