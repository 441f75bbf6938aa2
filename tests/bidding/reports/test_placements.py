"""Amazon's results by placement: of each day the latest pull, by id or by name, what runs off Amazon left out."""

from pathlib import Path

import numpy as np
import pytest

from bidding.errors import BidError
from bidding.reports.reading import read_reports
from bidding.snapshot_file import read_snapshot, write_snapshot
from tests.bidding.reports.conftest import AUTO_CAMPAIGN, CAMPAIGN, TODAY

HEADER = "date,campaignId,campaignName,placementClassification,impressions,clicks,cost,purchases14d,sales14d"


def row(day: str, place: str, clicks: int, campaign: str = CAMPAIGN) -> str:
    return f"{day},{campaign},SP - shoes,{place},100,{clicks},{0.5 * clicks},1,30.0"


def test_days_are_added_up_and_the_latest_pull_of_each_counts(folder: Path, account, tmp_path: Path) -> None:
    old = [HEADER, row("2026-05-08", "Top of Search on-Amazon", 4), row("2026-05-09", "Top of Search on-Amazon", 5)]
    new = [HEADER, row("2026-05-09", "Top of Search on-Amazon", 7), row("2026-05-09", "Detail Page on-Amazon", 3)]
    new += [row("2026-05-09", "Off Amazon", 50), row("2026-05-09", "Other on-Amazon", 2, AUTO_CAMPAIGN)]
    new += [row("2025-01-09", "Other on-Amazon", 99), row("2026-05-09", "Other on-Amazon", 9, "123")]
    (folder / "old-pulled-2026-05-10.csv").write_text("\n".join(old) + "\n")
    (folder / "placements.csv").write_text("\n".join(new) + "\n")
    snapshot = read_reports(folder, account, TODAY)
    assert snapshot.placements is not None
    rows = {name: place for place, name in enumerate(snapshot.campaigns.ids)}
    assert snapshot.placements.clicks[rows[CAMPAIGN]].tolist() == [11, 0, 3]
    assert snapshot.placements.cost[rows[CAMPAIGN]].tolist() == [5.5, 0, 1.5]
    assert snapshot.placements.orders[rows[CAMPAIGN]].tolist() == [2, 0, 1]
    assert snapshot.placements.clicks[rows[AUTO_CAMPAIGN]].tolist() == [0, 2, 0]
    again = read_snapshot(write_snapshot(snapshot, tmp_path / "kept")).placements
    assert again is not None
    np.testing.assert_array_equal(again.sales, snapshot.placements.sales)


def test_a_placement_that_is_not_known_costs_its_row_and_names_serve_where_there_are_no_ids(
    folder: Path, account
) -> None:
    text = "\n".join([HEADER, row("2026-05-09", "Somewhere new", 4), row("2026-05-09", "Top of Search on Amazon", 6)])
    (folder / "placements.csv").write_text(text.replace("campaignId", "ignored") + "\n")
    snapshot = read_reports(folder, account, TODAY)
    assert snapshot.placements is not None
    assert snapshot.placements.clicks.sum() == 6
    (lost,) = (entry for entry in snapshot.rejected if entry.file == "placements.csv")
    assert (lost.row, "this placement is not known" in lost.reason) == (2, True)
    (folder / "placements.csv").write_text(
        text.replace("campaignId", "ignored").replace("campaignName", "title") + "\n"
    )
    with pytest.raises(BidError, match="neither campaignId nor campaign name"):
        read_reports(folder, account, TODAY)


def test_without_a_placement_report_nothing_is_known_of_placements(folder: Path, account) -> None:
    assert read_reports(folder, account, TODAY).placements is None
