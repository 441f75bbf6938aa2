"""The ends of the guardrails' sentences: a night and what was found in, words by guardrail and channel out."""

from bidding.guardrails.flags import Found
from bidding.guardrails.rules import Guard
from bidding.history import MANUAL_DAYS, REST_DAYS
from bidding.levers import EDITS_A_WEEK
from bidding.night import Night
from bidding.outlook import Trust
from bidding.reasons import why_key

_TRUST = {
    Trust.CHANNEL_WEAK: "what the channel really sells is only weakly known",
    Trust.CHANNEL_NOT_MEASURABLE: "what the channel really sells could not be measured",
    Trust.FACTOR_EXPIRED: "the incremental share of its sales has expired",
}


def words_of(night: Night, found: Found) -> dict[str, str]:
    """`<guard>:<channel>` → words, for `BidRun.why`."""
    words = {why_key(guard, channel): text for (guard, channel), text in found.why.items()}
    of_channel = night.snapshot.channel_of_targets()
    for place in range(len(night.snapshot.channels)):
        limits = night.channel(place).limits
        trust = night.values.trust[of_channel == place]
        weak = " or ".join(text for kind, text in _TRUST.items() if (trust == kind).any())
        words |= {
            why_key(Guard.MANUAL_CHANGE, place): str(MANUAL_DAYS),
            why_key(Guard.MINIMUM_DATA, place): str(limits.min_clicks),
            why_key(Guard.TRUST, place): weak or "its value is not trusted",
            why_key(Guard.COOL_DOWN, place): str(limits.cool_down_days),
            why_key(Guard.EDITS, place): f"on {EDITS_A_WEEK} of the last seven days",
            why_key(Guard.TURNING, place): str(REST_DAYS + 1),
            why_key(Guard.WEEKLY_CHANGE, place): f"{100 * limits.weekly_change:.0f} %",
            why_key(Guard.DAILY_CHANGE, place): f"{100 * limits.daily_change:.0f} %",
        }
        if limits.max_cost_per_click is not None:
            words[why_key(Guard.CEILING, place)] = f"{limits.max_cost_per_click:g} {night.account.currency}"
    return words
