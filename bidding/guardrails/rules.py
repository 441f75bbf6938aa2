"""The guardrails, in the order in which they are asked: what each does, and the sentence that says so to a person.

`docs/guardrails.md` tells the same; a test holds the two equal.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Guard(IntEnum):
    """Who spoke last about a value; the number is the place in the order. `NONE` leaves the optimum as it is."""

    NONE = 0
    KILL_SWITCH = 1
    NO_BID = 2
    STALE_DATA = 3
    INCOMPLETE_DATA = 4
    TRACKING_ANOMALY = 5
    NO_STOCK = 6
    GEO_TEST = 7
    MANUAL_CHANGE = 8
    EVENT = 9
    EVENT_RISES = 10
    EVENT_FALLS = 11
    MINIMUM_DATA = 12
    TRUST = 13
    COOL_DOWN = 14
    EDITS = 15
    TURNING = 16
    WEEKLY_CHANGE = 17
    DAILY_CHANGE = 18
    ACCOUNT_LIMITS = 19
    CEILING = 20
    PLATFORM_LIMITS = 21
    STEP = 22


class Effect(Enum):
    """What a guardrail does to what the data ask for."""

    HOLD = "hold"
    NO_RISE = "no rise"
    NO_FALL = "no fall"
    RANGE = "range"
    ROUND = "round"


@dataclass(frozen=True)
class Rule:
    """One guardrail.

    Attributes:
        guard: its place.
        code: what appears in the reason and in the JSON.
        effect: what it does.
        sentence: for a person; `{why}` is filled with what was found.
    """

    guard: Guard
    code: str
    effect: Effect
    sentence: str


OPTIMUM = "optimum"
RULES: tuple[Rule, ...] = (
    Rule(Guard.KILL_SWITCH, "kill_switch", Effect.HOLD, "stopped by the kill switch{why}"),
    Rule(Guard.NO_BID, "no_bid", Effect.HOLD, "no bid of its own is known, so it could not be put back exactly"),
    Rule(Guard.STALE_DATA, "stale_data", Effect.HOLD, "reports are old{why}"),
    Rule(Guard.INCOMPLETE_DATA, "incomplete_data", Effect.HOLD, "reports are incomplete{why}"),
    Rule(Guard.TRACKING_ANOMALY, "tracking_anomaly", Effect.HOLD, "conversions vanished while clicks went on{why}"),
    Rule(Guard.NO_STOCK, "no_stock", Effect.HOLD, "the product is out of stock or has lost the buy box"),
    Rule(Guard.GEO_TEST, "geo_test", Effect.HOLD, "a geo test is running{why}"),
    Rule(Guard.MANUAL_CHANGE, "manual_change", Effect.HOLD, "a person changed it: it stays as it is for {why} days"),
    Rule(Guard.EVENT, "event", Effect.HOLD, "an event without a stated multiplier is on{why}"),
    Rule(Guard.EVENT_RISES, "event", Effect.NO_FALL, "an event that raises demand is on{why}: bids do not fall"),
    Rule(Guard.EVENT_FALLS, "event", Effect.NO_RISE, "an event that lowers demand is on{why}: bids do not rise"),
    Rule(Guard.MINIMUM_DATA, "minimum_data", Effect.HOLD, "fewer clicks than the least it is moved on ({why})"),
    Rule(Guard.TRUST, "trust", Effect.NO_RISE, "{why}: its bids do not rise"),
    Rule(Guard.COOL_DOWN, "cool_down", Effect.HOLD, "changed less than {why} days ago"),
    Rule(Guard.EDITS, "edits", Effect.HOLD, "its campaign was changed {why}: more would restart what it learns"),
    Rule(Guard.TURNING, "turning", Effect.RANGE, "moved the other way less than {why} days ago"),
    Rule(Guard.WEEKLY_CHANGE, "weekly_change", Effect.RANGE, "the largest change in seven days is {why}"),
    Rule(Guard.DAILY_CHANGE, "daily_change", Effect.RANGE, "the largest change in a day is {why}"),
    Rule(Guard.ACCOUNT_LIMITS, "account_limits", Effect.RANGE, "the account's own limits"),
    Rule(Guard.CEILING, "ceiling", Effect.RANGE, "a click may cost at most {why} with every modifier"),
    Rule(Guard.PLATFORM_LIMITS, "platform_limits", Effect.RANGE, "the platform's limits"),
    Rule(Guard.STEP, "step", Effect.ROUND, "no step of the platform lies inside the limits"),
)
BY_GUARD = {rule.guard: rule for rule in RULES}
NO_MOVE = tuple(rule.guard for rule in RULES if rule.effect is Effect.HOLD)


def code_of(guard: int) -> str:
    """The code that appears in a reason."""
    return OPTIMUM if guard == Guard.NONE else BY_GUARD[Guard(guard)].code
