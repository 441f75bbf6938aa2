"""What reports tell of campaigns and targets in; `Campaigns` and `Targets` of the account's channels out.

A bulksheet tells all that exists; other platforms' reports tell of a target what their latest pull has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bidding.account import Account
from bidding.errors import BidError
from bidding.reports.amazon_reports import name_key
from bidding.reports.channels import NO_CHANNEL, channel_of
from bidding.reports.multipliers_in_force import as_wide, with_multipliers
from bidding.reports.parsed import ParsedCampaigns, ParsedTargets, Pull, chosen, joined
from bidding.snapshot import BoolArray, Campaigns, IntArray, Match, Platform, TargetKind, Targets, Texts

Places = dict[tuple[Platform, bool], dict[str, int]]


@dataclass(frozen=True, eq=False)
class State:
    """Campaigns and targets with the ways to find a target.

    Attributes:
        campaigns, targets: of the account's channels.
        places: row in `targets` by platform, whether names are meant, and the id or name's key; -1 for a key that two
            targets share.
        outside: ids and names of campaigns that no channel claims, by platform.
        warnings: in sentences.
    """

    campaigns: Campaigns
    targets: Targets
    places: Places
    outside: dict[Platform, frozenset[str]]
    warnings: tuple[str, ...]


def state_of(pulls: Sequence[Pull], account: Account) -> State:
    """Put together what the pulls tell of campaigns and targets. A platform without any report is warned of.

    Raises:
        BidError: a platform has reports but none that tells its targets and bids, or there are no reports at all.
    """
    platforms = list(dict.fromkeys(channel.platform for channel in account.channels))
    parts, warnings = [], []
    for platform in platforms:
        if not any(pull.parsed.platform is platform for pull in pulls) and len(platforms) > 1:
            warnings.append(f"there is no report of {platform.value}: its channels have no targets today")
            continue
        campaigns, targets, told = _latest(platform, pulls)
        warnings += told
        parts.append(_Part(platform, campaigns, targets, channel_of(campaigns, platform, account)))
    if not parts:
        raise BidError("no report in the folder is of a platform that account.toml names")
    return _joined(parts, account, warnings)


@dataclass(frozen=True, eq=False)
class _Part:
    platform: Platform
    campaigns: ParsedCampaigns
    targets: ParsedTargets
    channel: IntArray


def _latest(platform: Platform, pulls: Sequence[Pull]) -> tuple[ParsedCampaigns, ParsedTargets, list[str]]:
    mine = [pull for pull in pulls if pull.parsed.platform is platform and pull.parsed.targets is not None]
    whole = [pull for pull in mine if pull.parsed.is_state]
    warnings = []
    if whole:
        newest = max(pull.pulled for pull in whole)
        old = [pull.name for pull in whole if pull.pulled < newest]
        warnings += [f"{name} is an older bulksheet and was not read" for name in dict.fromkeys(old)]
        mine = [pull for pull in whole if pull.pulled == newest]
    if not mine:
        raise BidError(_none_told(platform))
    mine = sorted(mine, key=lambda pull: pull.pulled, reverse=True)
    campaigns = joined([pull.parsed.campaigns for pull in mine if pull.parsed.campaigns is not None])
    targets = joined([pull.parsed.targets for pull in mine if pull.parsed.targets is not None])
    known = _with_settings(chosen(campaigns, _firsts(campaigns.ids)), platform, pulls)
    here = chosen(targets, _firsts(targets.ids))
    return with_multipliers(known, here, platform, pulls), here, warnings


def _with_settings(campaigns: ParsedCampaigns, platform: Platform, pulls: Sequence[Pull]) -> ParsedCampaigns:
    """What lists of campaigns tell in place of what the report does not; the latest list counts."""
    lists = [pull for pull in pulls if pull.parsed.platform is platform and pull.parsed.targets is None]
    place = {name: row for row, name in enumerate(campaigns.ids.tolist())}
    budget, roas = campaigns.daily_budget.copy(), campaigns.target_roas.copy()
    strategy, enabled = campaigns.strategy.copy(), campaigns.enabled.copy()
    for pull in sorted(lists, key=lambda pull: pull.pulled):
        told = pull.parsed.campaigns
        if told is None:
            continue
        rows = np.array([place.get(name, -1) for name in told.ids], dtype=np.int64)
        here = rows >= 0
        budget[rows[here]] = np.where(np.isfinite(told.daily_budget), told.daily_budget, budget[rows])[here]
        roas[rows[here]] = np.where(np.isfinite(told.target_roas), told.target_roas, roas[rows])[here]
        strategy[rows[here]] = np.where(told.strategy >= 0, told.strategy, strategy[rows])[here]
        enabled[rows[here]] = told.enabled[here]
    return replace(campaigns, daily_budget=budget, target_roas=roas, strategy=strategy, enabled=enabled)


def _none_told(platform: Platform) -> str:
    if platform is Platform.AMAZON:
        return (
            "the reports hold no Amazon bulksheet with campaigns and targets: bids in force come from it; download the "
            "bulksheet 2.0 of all campaigns into the folder"
        )
    return f"the reports hold no targets of {platform.value}: export its report with bids into the folder"


def _firsts(ids: Texts) -> IntArray:
    seen: dict[str, int] = {}
    for place, name in enumerate(ids.tolist()):
        seen.setdefault(name, place)
    return np.fromiter(seen.values(), dtype=np.int64, count=len(seen))


def _joined(parts: Sequence[_Part], account: Account, warnings: list[str]) -> State:
    campaigns, targets, channels = [], [], []
    taken: set[str] = set()
    outside = {}
    row_of: dict[tuple[Platform, str], int] = {}
    platforms: list[Platform] = []
    for part in parts:
        claimed = part.channel != NO_CHANNEL
        elsewhere = {name for platform, name in row_of if platform is not part.platform}
        shared = claimed & np.array([name in elsewhere for name in part.campaigns.ids], dtype=bool)
        if shared.any():
            names = ", ".join(part.campaigns.ids[shared][:3])
            warnings.append(f"campaigns of {part.platform.value} with another platform's ids are left out: {names}")
        outside[part.platform] = frozenset(part.campaigns.ids[~claimed]) | frozenset(part.campaigns.names[~claimed])
        if (~claimed).any():
            warnings.append(
                f"{int((~claimed).sum())} campaigns of {part.platform.value} belong to no channel: left out"
            )
        claimed = claimed & ~shared
        for name in part.campaigns.ids[claimed]:
            row_of[part.platform, name] = len(row_of)
        keep = np.array([(part.platform, name) in row_of for name in part.targets.campaigns], dtype=bool)
        twice = keep & np.array([name in taken for name in part.targets.ids], dtype=bool)
        if twice.any():
            names = ", ".join(part.targets.ids[twice][:3])
            warnings.append(f"ids of {part.platform.value} that another platform has too are left out: {names}")
        kept = chosen(part.targets, keep & ~twice)
        taken |= set(kept.ids)
        campaigns.append(chosen(part.campaigns, claimed))
        channels.append(part.channel[claimed])
        targets.append(kept)
        platforms += [part.platform] * len(kept.ids)
    made_campaigns, made_targets = joined(as_wide(campaigns)), joined(targets)
    if not len(made_targets.ids):
        raise BidError("no campaign in the reports belongs to a channel: correct the campaigns lists in account.toml")
    rows = [row_of[key] for key in zip(platforms, made_targets.campaigns, strict=True)]
    return State(
        _campaigns(made_campaigns, np.concatenate(channels)),
        _targets(made_targets, np.array(rows, dtype=np.int64), made_campaigns, np.concatenate(channels), account),
        _places(platforms, made_targets, made_campaigns, rows),
        outside,
        tuple(warnings),
    )


def _campaigns(told: ParsedCampaigns, channel: IntArray) -> Campaigns:
    return Campaigns(channel=channel, **vars(told))


def _targets(
    told: ParsedTargets, campaign: IntArray, campaigns: ParsedCampaigns, channel: IntArray, account: Account
) -> Targets:
    groups: dict[tuple[int, str], int] = {}
    ad_group = [groups.setdefault(key, len(groups)) for key in zip(campaign.tolist(), told.ad_groups, strict=True)]
    names: dict[int, str] = {}
    for number, name in zip(ad_group, told.ad_group_names, strict=True):
        names.setdefault(number, name)
    return Targets(
        ids=told.ids,
        texts=told.texts,
        campaign=campaign,
        ad_group=np.array(ad_group, dtype=np.int64),
        ad_group_ids=np.array([group for _, group in groups], dtype=object),
        kind=told.kind,
        match=told.match,
        branded=_branded(told, channel[campaign], account),
        bid=told.bid,
        enabled=told.enabled & campaigns.enabled[campaign],
        sku=told.sku,
        ad_group_names=np.array([names[number] for number in range(len(groups))], dtype=object),
        target_roas=told.target_roas,
    )


def _branded(told: ParsedTargets, channel: IntArray, account: Account) -> BoolArray:
    """Keywords that hold one of the channel's brand terms as whole words."""
    found = np.zeros(len(told.ids), dtype=bool)
    keyword = told.kind == TargetKind.KEYWORD
    for place, entry in enumerate(account.channels):
        terms = [f" {' '.join(term.casefold().split())} " for term in entry.brand_terms]
        if not terms:
            continue
        for row in np.flatnonzero(keyword & (channel == place)):
            text = f" {' '.join(told.texts[row].casefold().split())} "
            found[row] = any(term in text for term in terms)
    return found


def _places(
    platforms: Sequence[Platform], told: ParsedTargets, campaigns: ParsedCampaigns, rows: Sequence[int]
) -> Places:
    found: Places = {(platform, by_name): {} for platform in platforms for by_name in (False, True)}
    for place, platform in enumerate(platforms):
        found[platform, False][told.ids[place]] = place
        match = Match(told.match[place]).name.casefold()
        key = name_key(campaigns.names[rows[place]], told.ad_group_names[place], told.texts[place], match)
        names = found[platform, True]
        names[key] = -1 if key in names else place
    return found
