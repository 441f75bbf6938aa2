"""In the child: what a kind of job asks in, the service's answer as plain JSON out; one function for each kind.

All files lie in the working directory, so that messages name them as their owner does.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.jobs.work import Tell

if TYPE_CHECKING:
    from measurement.geotest.result import GeoTestResult

Document = Mapping[str, Any]
SHOWN_CHANGES = 20
"""Changes in a bid run's row; all of them stand in the ledger."""


def fit(asked: Document, tell: Tell) -> Document:
    """Fit and store the model in the folder `out`; answers what is said of a model."""
    from api.services.describe_model import describe_model
    from api.services.fit_panel import FitRequest, fit_panel

    paths = {name: path_of(asked[name]) for name in ("map", "priors", "experiments")}
    request = FitRequest(
        panel=Path(asked["panel"]),
        panel_map=paths["map"],
        controls=tuple(asked["controls"]),
        priors=paths["priors"],
        out=Path(asked["out"]),
        seed=asked["seed"],
        experiments=paths["experiments"],
    )
    return describe_model(fit_panel(request, lambda progress: tell(vars(progress))))


def geo_design(asked: Document, tell: Tell) -> Document:
    """Design a test; a question that no design answers is an answer too."""
    from api.services.design_geo_test import DesignRequest, design_file
    from measurement.geotest.design_question import DesignQuestion, ExperimentKind, Rule

    tell({"stage": "designing"})
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in asked["question"].items()
    }
    kind = ExperimentKind(given.pop("kind", ExperimentKind.HOLDOUT.value))
    rules = tuple(Rule(name) for name in given.pop("rules", ()))
    weeks = tuple(asked["weeks"])
    question = DesignQuestion(kind=kind, rules=rules, weeks=weeks[0], **given)
    sides = (path_of(asked["map"]), path_of(asked["eligibility"]), path_of(asked["adjacent"]))
    return design_file(DesignRequest(Path(asked["panel"]), question, weeks, *sides)).to_json()


def geo_analyze(asked: Document, tell: Tell) -> Document:
    """Analyse a locked test by its lock, or one by its options."""
    from api.services.analyze_geo_test import LockedRequest, analyze_locked

    tell({"stage": "analysing"})
    panel, panel_map = Path(asked["panel"]), path_of(asked["map"])
    if asked["lock"] is not None:
        request = LockedRequest(panel, Path(asked["lock"]), panel_map, accept_restated=bool(asked["accept_restated"]))
        return analyze_locked(request).to_json()
    return _analysed(panel, panel_map, asked).to_json()


def _analysed(panel: Path, panel_map: Path | None, asked: Document) -> "GeoTestResult":
    from api.services.analyze_geo_test import AnalysisRequest, analyze_file
    from measurement.geotest.specification import AnalysisSettings, Cell, Estimator, Window

    options = dict(asked["options"])
    start, end = (date.fromisoformat(options[name]) for name in ("start", "end"))
    cooldown_end = options.get("cooldown_end")
    window = Window(start, end, None if cooldown_end is None else date.fromisoformat(cooldown_end))
    request = AnalysisRequest(
        panel=panel,
        window=window,
        treated=tuple(options.get("treated", ())),
        cells=tuple(Cell(cell["name"], tuple(cell["geos"])) for cell in options.get("cells", ())),
        excluded=tuple(options.get("exclude", ())),
        pairs=path_of(asked["pairs"]),
        panel_map=panel_map,
        outcome=options.get("outcome"),
        spend=options.get("spend"),
    )
    known = {field.name for field in fields(AnalysisSettings)} - {"estimator"}
    settings = {name: options[name] for name in known if options.get(name) is not None}
    estimator = Estimator(options.get("estimator") or Estimator.AUTO.value)
    return analyze_file(request, AnalysisSettings(estimator=estimator, **settings))


def bid_run(asked: Document, tell: Tell) -> Document:
    """Propose the night's bids and keep the run in the account's ledger."""
    import numpy as np

    from api.bid_json import run_json
    from api.services.propose_bids import BidFiles, NightSettings, propose_bids
    from bidding.ledger_file import FileLedger

    optional = {name: path_of(asked[name]) for name in ("factors", "availability", "events", "freeze")}
    ledger = Path(asked["ledger"])
    optional["archive"] = ledger / "pulls"
    files = BidFiles(Path(asked["account_file"]), Path(asked["reports"]), Path(asked["plan"]), **optional)
    start = asked["plan_start"]
    settings = NightSettings(
        np.datetime64(asked["day"]),
        None if start is None else np.datetime64(start),
        asked["seed"] or 0,
        lambda stage: tell({"stage": stage}),
    )
    return run_json(propose_bids(files, FileLedger(ledger), settings), SHOWN_CHANGES)


def path_of(name: str | None) -> Path | None:
    """A file of the working directory, if there is one."""
    return None if name is None else Path(name)
