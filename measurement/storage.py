"""Stored models: a folder with `model.json` (report, provenance, labels), `panel.nc` and `draws.nc` (float32)."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from measurement.errors import ModelFileError, PanelError
from measurement.fitted import FittedModel, Provenance
from measurement.interval import Interval
from measurement.panel import Channel, Control, ControlKind, Frequency, Level, Outcome, Panel
from measurement.report import Baseline, ChannelReport, Diagnostics, FitReport, LearntTest, ModelStatus, Verdict

FloatArray = NDArray[np.float64]

FORMAT = 1
FILES = ("model.json", "panel.nc", "draws.nc")
COMPRESSED = {"zlib": True, "complevel": 4, "shuffle": True}
PANEL_ARRAYS = ("outcome_values", "spend", "exposure", "attributed_sales", "control_values", "population")


def save_model(model: FittedModel, path: Path) -> None:
    """Write a model's folder: under a temporary name first, renamed when complete, an older model there replaced.

    Raises:
        ModelFileError: the path exists and is not a stored model, or cannot be written.
    """
    refuse_foreign(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
    try:
        _write(model, fresh)
        _put_in_place(fresh, path)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def refuse_foreign(path: Path) -> None:
    """Raise `ModelFileError` where something lies at the path that is not a stored model."""
    if path.exists() and not (path.is_dir() and all((path / name).exists() for name in FILES)):
        raise ModelFileError(f"{path}: exists and is not a stored model; choose another --out")


def load_model(path: Path) -> FittedModel:
    """Read a stored model.

    Raises:
        ModelFileError: there is none, or it cannot be read.
    """
    if not all((path / name).is_file() for name in FILES):
        raise ModelFileError(f"{path}: is not a stored model; give the folder that `rmo fit --out` wrote")
    try:
        content = json.loads((path / "model.json").read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ModelFileError(f"{path}: has format {content['format']}, this version reads {FORMAT}; fit again")
        model_id = content["provenance"]["model_id"]
        return FittedModel(
            panel=_panel(content["panel"], _read_arrays(path / "panel.nc", model_id)),
            draws=_read_arrays(path / "draws.nc", model_id),
            report=_report(content["report"]),
            provenance=Provenance(
                **content["provenance"] | {"experiments": tuple(content["provenance"]["experiments"])}
            ),
            warnings=tuple(content["warnings"]),
        )
    except (OSError, ValueError, KeyError, TypeError, PanelError) as error:
        raise ModelFileError(f"{path}: is damaged ({error}); fit again") from error


def _write(model: FittedModel, folder: Path) -> None:
    panel = {name: getattr(model.panel, name) for name in PANEL_ARRAYS}
    panel["dates"] = model.panel.dates.astype("datetime64[D]").astype(np.int64)
    _write_arrays(panel, folder / "panel.nc", np.float64, model.provenance.model_id)
    _write_arrays(model.draws, folder / "draws.nc", np.float32, model.provenance.model_id)
    content = {
        "format": FORMAT,
        "report": _plain(asdict(model.report)),
        "provenance": _plain(asdict(model.provenance)),
        "panel": _labels(model.panel),
        "warnings": list(model.warnings),
    }
    (folder / "model.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


def _put_in_place(fresh: Path, path: Path) -> None:
    if path.exists():
        old = fresh.with_name(fresh.name + "-old")
        path.replace(old)
        try:
            fresh.replace(path)
        except OSError:
            old.replace(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        fresh.replace(path)
    path.chmod(0o755)


def _write_arrays(arrays: Mapping[str, Any], file: Path, kind: type, model_id: str) -> None:
    variables = {}
    for name, values in arrays.items():
        own = np.int64 if name == "dates" else kind
        dims = tuple(f"{name}_{axis}" for axis in range(np.ndim(values)))
        variables[name] = xr.Variable(dims, np.asarray(values, dtype=own))
    dataset = xr.Dataset(variables, attrs={"model_id": model_id})
    encoding = {str(name): COMPRESSED for name, values in dataset.items() if values.size > 0}
    dataset.to_netcdf(file, engine="h5netcdf", encoding=encoding)


def _read_arrays(file: Path, model_id: str) -> dict[str, Any]:
    with xr.open_dataset(file, engine="h5netcdf", decode_times=False) as dataset:
        if dataset.attrs.get("model_id") != model_id:
            raise ValueError(f"{file.name} belongs to another model")
        return {
            str(name): np.asarray(values.values, dtype=np.int64 if name == "dates" else np.float64)
            for name, values in dataset.items()
        }


def _labels(panel: Panel) -> dict[str, Any]:
    plain = _plain(
        {
            "geos": panel.geos,
            "outcomes": [asdict(outcome) for outcome in panel.outcomes],
            "channels": [asdict(channel) for channel in panel.channels],
            "controls": [asdict(control) for control in panel.controls],
            "population_known": panel.population_known,
            "currency": panel.currency,
            "country": panel.country,
            "frequency": panel.frequency,
        }
    )
    assert isinstance(plain, dict)
    return plain


def _panel(labels: dict[str, Any], arrays: dict[str, Any]) -> Panel:
    dates = arrays.pop("dates").astype("datetime64[D]")
    return Panel(
        dates=dates,
        geos=tuple(labels["geos"]),
        outcomes=tuple(Outcome(**entry) for entry in labels["outcomes"]),
        channels=tuple(Channel(**entry | {"level": Level(entry["level"])}) for entry in labels["channels"]),
        controls=tuple(Control(entry["name"], ControlKind(entry["kind"])) for entry in labels["controls"]),
        population_known=labels["population_known"],
        currency=labels["currency"],
        country=labels["country"],
        frequency=Frequency(labels["frequency"]),
        **arrays,
    )


def _report(content: dict[str, Any]) -> FitReport:
    intervals = ("incremental", "iroas", "marginal_iroas", "prior_iroas")
    channels = tuple(
        ChannelReport(
            **entry | {"verdict": Verdict(entry["verdict"])} | {name: Interval(**entry[name]) for name in intervals}
        )
        for entry in content["channels"]
    )
    return FitReport(
        status=ModelStatus(content["status"]),
        reasons=tuple(content["reasons"]),
        window_start=content["window_start"],
        window_end=content["window_end"],
        diagnostics=Diagnostics(**content["diagnostics"]),
        baseline=Baseline(**content["baseline"]),
        channels=channels,
        experiments=tuple(_learnt_test(entry) for entry in content.get("experiments", [])),
        iroas_before_experiments=tuple(Interval(**entry) for entry in content.get("iroas_before_experiments", [])),
    )


def _learnt_test(content: dict[str, Any]) -> LearntTest:
    intervals = {name: Interval(**content[name]) for name in ("expected_before", "expected_after")}
    return LearntTest(**content | intervals | {"channels": tuple(content["channels"])})


def _plain(value: Any) -> Any:
    """Enums as their values, tuples as lists, all the way down."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
