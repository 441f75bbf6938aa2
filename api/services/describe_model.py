"""A fitted model in, its report with provenance as plain JSON out."""

from typing import Any

from api.plain_json import plain
from api.report_json import report_json
from measurement.fitted import FittedModel, Provenance


def describe_model(model: FittedModel) -> dict[str, Any]:
    """The report's keys with `currency`, `warnings` and `provenance`."""
    described: dict[str, Any] = plain(
        report_json(model)
        | {
            "currency": model.panel.currency,
            "warnings": model.warnings,
            "provenance": _provenance(model.provenance),
        }
    )
    return described


def _provenance(provenance: Provenance) -> dict[str, Any]:
    return {
        "model_id": provenance.model_id,
        "data_hash": provenance.data_hash,
        "seed": provenance.seed,
        "versions": provenance.versions,
        "priors": provenance.priors,
        "experiments": provenance.experiments,
    }
