"""A request for a fit in, its files for the child out; the fitted model's folder in, its archive and row out.

The request: `{"dataset", "controls", "map", "priors", "experiments", "seed"}`; map, priors and experiments are the
texts of such files, or null.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.claim import Claim
from api.jobs.kinds import Desk, Document, Keep
from api.jobs.laying_down import lay_panel, lay_text
from api.store.archive import pack
from api.store.models import NewModel, add_model

MODEL = "model"
"""The folder that the child stores the model in."""


def prepare(desk: Desk, claim: Claim) -> Document:
    """The panel and what it is to be fitted with."""
    asked = claim.request
    return lay_panel(desk, claim) | {
        "controls": asked.get("controls", []),
        "priors": lay_text(desk, asked.get("priors"), "priors.toml"),
        "experiments": lay_text(desk, asked.get("experiments"), "experiments.csv"),
        "seed": asked.get("seed", 0),
        "out": MODEL,
    }


def keep(desk: Desk, claim: Claim, report: Mapping[str, Any]) -> Keep:
    """The model among the account's files, and its row; the job's result is `{"model", "status"}`."""
    archive = desk.folder / "model.tar"
    pack(desk.folder / MODEL, archive)
    sha256 = desk.files.put(claim.account, archive)

    def write(session: Session) -> Document:
        new = NewModel(claim.account, sha256, dict(report), claim.request["dataset"], claim.job)
        row = add_model(session, new)
        return {"model": row.id, "status": row.status}

    return write
