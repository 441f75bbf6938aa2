"""A fitted model in, the report's JSON out: what it says of each channel, beside what the channel's platform claims."""

from typing import Any

from measurement.claims import channel_claims
from measurement.fitted import FittedModel


def report_json(model: FittedModel) -> dict[str, Any]:
    """The report's keys; each channel with `claims`, what its platform claims beside what is incremental, or null."""
    claims = {
        name: None if found is None else found.to_json()
        for name, found in zip(model.panel.channel_names, channel_claims(model), strict=True)
    }
    report = model.report.to_json()
    report["channels"] = [entry | {"claims": claims.get(entry["channel"])} for entry in report["channels"]]
    return report
