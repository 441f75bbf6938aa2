"""A plan's figures -> what to do, in plain sentences: move, move partly, or stay; and what to know before."""

from optimizer.conflicts import Conflict
from optimizer.plan import PlanLine, PlanTotal

SMALL_GAIN = 0.005  # of expected sales
LEAST_PROBABILITY = 0.6
CLEAR_PROBABILITY = 0.9
PART_OF_THE_WAY = 0.5
SAME_BUDGET = 0.01  # a budget this near to today's spend counts as today's
MOVES_NAMED = 3


def advise(lines: tuple[PlanLine, ...], total: PlanTotal) -> str:
    """Move, move partly or stay; the biggest moves; the test that would tell about held channels; what to beware of."""
    sentences = [_verdict(lines, total), *_moves(lines)]
    held = [line.channel for line in lines if line.held]
    if held:
        sentences.append(_test_for(held))
    sentences.extend(_without_history(line) for line in lines if line.without_history)
    return " ".join([*sentences, *_warnings(lines, total)])


def advise_on_conflicts(conflicts: tuple[Conflict, ...]) -> str:
    """What clashes and what would mend it."""
    sentences = ["No plan keeps all of these rules."]
    for conflict in conflicts:
        sentences.append(f"These cannot hold together: {'; '.join(conflict.rules)}.")
        if conflict.remedy:
            sentences.append(f"The least that would mend it: {conflict.remedy}.")
    return " ".join(sentences)


def advised_share(total: PlanTotal) -> float:
    """How far the advice is to go from today's proportions to the plan: 0 stay, `PART_OF_THE_WAY`, 1 all the way."""
    if _worth(total) < SMALL_GAIN or total.probability_better < LEAST_PROBABILITY:
        return 0.0
    return PART_OF_THE_WAY if total.probability_better < CLEAR_PROBABILITY else 1.0


def _worth(total: PlanTotal) -> float:
    """Expected gain as a fraction of what today's proportions would sell."""
    baseline = total.incremental.mean - total.gain.mean
    return total.gain.mean / abs(baseline) if baseline else 0.0


def _verdict(lines: tuple[PlanLine, ...], total: PlanTotal) -> str:
    worth, share = _worth(total), advised_share(total)
    today = sum(line.current_spend for line in lines)
    same = today > 0 and abs(total.spend - today) <= SAME_BUDGET * today
    stay = "Staying as you are" if same else "Staying as you are, in today's proportions,"
    sure = f"{_percent(total.probability_better)} sure to be better"
    if worth < -SMALL_GAIN:
        return (
            f"This plan is expected to sell {-total.gain.mean:,.0f} less than the same budget in today's proportions: "
            "its rules or what it leaves unspent cost that much."
        )
    if share == 0:
        return (
            f"{stay} would be as good: moving to this plan is expected to bring {total.gain.mean:+,.0f} in sales "
            f"({worth:+.1%}) and is {sure}."
        )
    gain = (
        f"it is expected to sell {total.gain.mean:,.0f} more ({worth:+.1%}) than the same budget in today's proportions"
    )
    if share < 1:
        return f"Move partly, say half of the way, and measure: {gain}, but is only {sure}."
    return f"Move to this plan: {gain}, and is {sure}."


def _moves(lines: tuple[PlanLine, ...]) -> list[str]:
    moved = [line for line in lines if abs(line.spend - line.current_spend) >= 0.01 * max(line.current_spend, 1.0)]
    largest = sorted(moved, key=lambda line: -abs(line.spend - line.current_spend))[:MOVES_NAMED]
    if not largest:
        return []
    return [f"Biggest moves against today: {', '.join(_move(line) for line in largest)}."]


def _move(line: PlanLine) -> str:
    amount = f"{line.channel} {line.spend - line.current_spend:+,.0f}"
    return amount if line.change is None else f"{amount} ({line.change:+.0%})"


def _test_for(held: list[str]) -> str:
    one = len(held) == 1
    return (
        f"{_listed(held)} {'is' if one else 'are'} held, because the data cannot tell what "
        f"{'it sells' if one else 'they sell'}: a geo test of {'it' if one else 'each'} would tell, or a switchback "
        "where geos cannot be targeted."
    )


def _without_history(line: PlanLine) -> str:
    if not line.spend:
        return f"{line.channel} has no history, and by what you state of it this plan does without it."
    return (
        f"{line.channel} has no history: what it sells is what you stated, not a measurement, so it is capped. "
        "Start it in some geos and hold it out of others: that geo test would tell."
    )


def _warnings(lines: tuple[PlanLine, ...], total: PlanTotal) -> list[str]:
    warnings = []
    beyond = [line.channel for line in lines if line.extrapolated and not line.without_history]
    if beyond:
        warnings.append(
            f"{_listed(beyond)} would spend more than ever observed: there the curve rests on its form, not on data."
        )
    if total.unspent > 0:
        warnings.append(f"{total.unspent:,.2f} of the budget stays unspent.")
    return warnings


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _percent(probability: float) -> str:
    return "over 99 %" if probability > 0.99 else f"{probability:.0%}".replace("%", " %")
