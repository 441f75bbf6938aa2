"""Every report that can be read: its columns, and the reader that takes a table of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bidding.account import Account
from bidding.errors import BidError
from bidding.reports import (
    amazon_bulksheet,
    amazon_reports,
    campaign_settings,
    generic,
    google,
    meta,
    microsoft,
    multiplied,
    walmart,
)
from bidding.reports.parsed import Parsed
from bidding.reports.schema import Schema
from bidding.reports.table import Table
from bidding.reports.target_report import TargetReport, read_target_report
from bidding.snapshot import Platform

Read = Callable[[Table, Mapping[str, int]], Parsed]
USUAL_WINDOW = 14


@dataclass(frozen=True)
class ReportKind:
    """A report and how its tables are read."""

    schema: Schema
    read: Read


def report_kinds(account: Account, today: np.datetime64) -> tuple[ReportKind, ...]:
    """All kinds, as this account's currency and attribution windows have them.

    Raises:
        BidError: channels of one platform have different attribution windows.
    """
    currency = account.currency
    window = window_of(account, Platform.AMAZON)

    def bulksheet(table: Table, places: Mapping[str, int]) -> Parsed:
        return amazon_bulksheet.read_bulksheet(table, places, currency, today)

    def amazon_days(table: Table, places: Mapping[str, int]) -> Parsed:
        return amazon_reports.read_days(table, places, currency)

    def placements(table: Table, places: Mapping[str, int]) -> Parsed:
        return amazon_reports.read_placements(table, places, currency)

    walmart_window = window_of(account, Platform.WALMART)
    walmart_report = walmart.keyword_snapshot(walmart_window)
    return (
        ReportKind(amazon_bulksheet.BULKSHEET, bulksheet),
        ReportKind(amazon_reports.search_term_report(window), amazon_days),
        ReportKind(amazon_reports.placement_report(window), placements),
        ReportKind(amazon_reports.targeting_report(window), amazon_days),
        target_kind(walmart_report, currency),
        target_kind(google.KEYWORD_REPORT, currency),
        ReportKind(google.SIMULATIONS.schema, lambda table, places: google.read_simulations(table, places, currency)),
        target_kind(microsoft.KEYWORD_REPORT, currency),
        target_kind(meta.AD_SET_REPORT, currency),
        target_kind(generic.GENERIC, currency),
        settings_kind(campaign_settings.MICROSOFT_BULK, currency),
        settings_kind(campaign_settings.WALMART_CAMPAIGNS, currency),
        *(
            results_kind(schema, currency)
            for schema in (multiplied.walmart_results(walmart_window), multiplied.GOOGLE_DEVICES)
        ),
        *(
            multipliers_kind(schema, currency)
            for schema in (multiplied.WALMART_MULTIPLIERS, multiplied.GOOGLE_MODIFIERS)
        ),
    )


def target_kind(report: TargetReport, currency: str) -> ReportKind:
    """The kind of a report that tells both bids and results."""
    return ReportKind(report.schema, lambda table, places: read_target_report(table, places, currency, report))


def settings_kind(schema: Schema, currency: str) -> ReportKind:
    """The kind of a list of campaigns."""
    return ReportKind(schema, lambda table, places: campaign_settings.read_settings(table, places, currency, schema))


def results_kind(schema: Schema, currency: str) -> ReportKind:
    """The kind of a report by placement or device."""
    return ReportKind(schema, lambda table, places: multiplied.read_results(table, places, currency, schema))


def multipliers_kind(schema: Schema, currency: str) -> ReportKind:
    """The kind of a list of multipliers in force."""
    return ReportKind(schema, lambda table, places: multiplied.read_multipliers(table, places, currency, schema))


def window_of(account: Account, platform: Platform) -> int:
    """The attribution window of the platform's channels, days.

    Raises:
        BidError: they differ.
    """
    windows = {channel.attribution_days for channel in account.channels if channel.platform is platform}
    if len(windows) > 1:
        raise BidError(
            f"account.toml: channels of {platform.value} have attribution_days {sorted(windows)}: reports in one "
            "folder can have one window only; keep them in two accounts"
        )
    return next(iter(windows), USUAL_WINDOW)
