"""When a channel is on and off in a switchback: pairs of blocks in, a checked `Schedule` and its periods out.

Blocks come in pairs, one on and one off; a coin chose which comes first. The first periods of every block, the washout,
are left out of the estimate under every outcome of the coins, so that the periods that count do not depend on them.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from measurement.errors import GeoTestError
from measurement.panel import Frequency, Panel

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """One stretch of time with the channel on or off; days are inclusive.

    Attributes:
        pair: number of its pair, from 1.
        start, end: first and last day.
        counted_from: first day after the washout.
        on: whether the channel spends.

    Raises:
        GeoTestError: days that are out of order, or a washout that leaves nothing of the block.
    """

    pair: int
    start: date
    end: date
    counted_from: date
    on: bool

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise GeoTestError(f"the block of {self.start} ends on {self.end}, before it starts: correct the schedule")
        if not self.start <= self.counted_from <= self.end:
            raise GeoTestError(
                f"the block of {self.start} to {self.end} counts from {self.counted_from}, which lies outside it: "
                "shorten the washout or lengthen the blocks"
            )


@dataclass(frozen=True)
class Schedule:
    """Blocks in the order of time, two to a pair.

    Raises:
        GeoTestError: no pair, blocks that overlap, a pair that is not one block on and one off, or of unlike length.
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise GeoTestError("the schedule has no block: design one with rmo geo switchback-design PANEL")
        for state in (True, False):
            if all(block.on is state for block in self.blocks):
                raise GeoTestError(
                    f"every block of the schedule is {_state(state)}, so there is nothing to compare: half of the "
                    "blocks must be on and half off"
                )
        for earlier, later in zip(self.blocks, self.blocks[1:], strict=False):
            if later.start <= earlier.end:
                raise GeoTestError(
                    f"the block of {later.start} to {later.end} overlaps or precedes that of {earlier.start} to "
                    f"{earlier.end}: write the blocks in the order of time, each after the end of the one before"
                )
        for pair in dict.fromkeys(block.pair for block in self.blocks):
            _refuse_odd_pair(pair, [block for block in self.blocks if block.pair == pair])
        if any(one.pair != other.pair for one, other in zip(self.blocks[::2], self.blocks[1::2], strict=False)):
            raise GeoTestError("the two blocks of a pair must follow each other: number the pairs in the order of time")

    @property
    def pairs(self) -> int:
        """How many pairs of blocks there are."""
        return len(self.blocks) // 2

    @property
    def start(self) -> date:
        """First day."""
        return self.blocks[0].start

    @property
    def end(self) -> date:
        """Last day."""
        return self.blocks[-1].end


def _refuse_odd_pair(pair: int, blocks: list[Block]) -> None:
    states = " and ".join(_state(block.on) for block in blocks)
    if len(blocks) != 2 or blocks[0].on is blocks[1].on:
        raise GeoTestError(f"pair {pair} of the schedule has blocks {states}: a pair is one block on and one off")
    if len({(block.end - block.start, block.counted_from - block.start) for block in blocks}) > 1:
        raise GeoTestError(f"the blocks of pair {pair} differ in length or washout: the coin needs two of a kind")


def _state(on: bool) -> str:
    return "on" if on else "off"


@dataclass(frozen=True, eq=False)
class BlockGrid:
    """A schedule as places in a panel's periods, arrays of B blocks `(B,)`.

    Attributes:
        first, counted, stop: first period, first that counts, and the one after the last.
        pair: number of the pair, from 0.
        on: state.
    """

    first: IntArray
    counted: IntArray
    stop: IntArray
    pair: IntArray
    on: BoolArray

    @property
    def kept(self) -> IntArray:
        """Periods that count, `(N,)`."""
        return np.concatenate([np.arange(a, b) for a, b in zip(self.counted, self.stop, strict=True)])

    @property
    def block_of_kept(self) -> IntArray:
        """Block of each period that counts, `(N,)`."""
        return np.repeat(np.arange(len(self.first)), self.stop - self.counted)

    @property
    def periods(self) -> int:
        """From the first block's first period to the last's last."""
        return int(self.stop[-1] - self.first[0])

    def moved(self, start: int) -> "BlockGrid":
        """The same blocks with the first of them at period `start`."""
        by = start - int(self.first[0])
        return replace(self, first=self.first + by, counted=self.counted + by, stop=self.stop + by)

    def states(self, first_is_on: BoolArray) -> BoolArray:
        """States of the blocks under outcomes of the coins: `(R, pairs)` → `(R, B)`."""
        second = np.concatenate([[False], self.pair[1:] == self.pair[:-1]])
        states: BoolArray = first_is_on[:, self.pair] ^ second
        return states


def periods_of(panel: Panel, schedule: Schedule) -> BlockGrid:
    """Find the schedule's blocks among the panel's periods.

    Raises:
        GeoTestError: a block lies outside the panel or falls inside its weeks; the message names the block.
    """
    step = 7 if panel.frequency is Frequency.WEEKLY else 1
    last = panel.dates[-1].item() + timedelta(days=step - 1)
    first_day = panel.dates[0].item()
    if schedule.start < first_day or schedule.end > last:
        raise GeoTestError(
            f"the schedule runs from {schedule.start} to {schedule.end} and the panel from {first_day} to {last}: give "
            "the panel with the test's rows, or cut the schedule to the pairs that are over"
        )
    places = {day: place for place, day in enumerate(panel.dates.astype("datetime64[D]").tolist())}
    rows = []
    for block in schedule.blocks:
        for day in (block.start, block.counted_from, block.end + timedelta(days=1)):
            if day not in places and day <= last:
                raise GeoTestError(
                    f"the block of {block.start} to {block.end} does not match the panel's dates: {day} falls inside a "
                    "week of the panel; blocks and washout must be whole weeks that start as the panel's do"
                )
        stop = places.get(block.end + timedelta(days=1), len(places))
        rows.append((places[block.start], places[block.counted_from], stop, block.pair, block.on))
    first, counted, stops, pair, on = (np.array(column) for column in zip(*rows, strict=True))
    return BlockGrid(first, counted, stops, np.unique(pair, return_inverse=True)[1], on.astype(bool))


def draw_schedule(start: date, block_days: int, washout_days: int, pairs: int, seed: int) -> Schedule:
    """Toss one coin per pair, each independent of the others: the assignment rule that the analysis relies on."""
    first_is_on = np.random.default_rng(seed).random(pairs) < 0.5
    blocks = []
    for number in range(2 * pairs):
        begins = start + timedelta(days=number * block_days)
        on = bool(first_is_on[number // 2]) ^ bool(number % 2)
        ends, counts = begins + timedelta(days=block_days - 1), begins + timedelta(days=washout_days)
        blocks.append(Block(number // 2 + 1, begins, ends, counts, on))
    return Schedule(tuple(blocks))
