"""Stored models: what is written comes back, foreign folders stay, damage is named, nothing is left half done."""

import json
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from measurement import storage
from measurement.errors import ModelFileError
from measurement.fitted import FittedModel
from measurement.panel import Panel, panel_hash
from measurement.posterior import response_curves
from measurement.storage import FILES, load_model, refuse_foreign, save_model

MEGABYTE = 1_000_000


@pytest.fixture
def stored(tmp_path: Path, unfitted_model: FittedModel) -> Path:
    path = tmp_path / "models" / "first"
    save_model(unfitted_model, path)
    return path


def leftovers(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir() if entry != path)


def test_what_is_stored_comes_back(stored: Path, unfitted_model: FittedModel) -> None:
    loaded = load_model(stored)
    assert loaded.report == unfitted_model.report
    assert loaded.provenance == unfitted_model.provenance
    assert loaded.warnings == unfitted_model.warnings
    assert panel_hash(loaded.panel) == panel_hash(unfitted_model.panel)
    for field in fields(Panel):
        np.testing.assert_array_equal(getattr(loaded.panel, field.name), getattr(unfitted_model.panel, field.name))
    assert set(loaded.draws) == set(unfitted_model.draws)
    for name, values in unfitted_model.draws.items():
        assert loaded.draws[name].dtype == np.float64
        np.testing.assert_array_equal(loaded.draws[name], values, err_msg=name)
    assert leftovers(stored) == []


def test_a_loaded_model_gives_the_same_curves(stored: Path, unfitted_model: FittedModel) -> None:
    found, expected = (response_curves(model, 13) for model in (load_model(stored), unfitted_model))
    np.testing.assert_array_equal(found.spend_grid, expected.spend_grid)
    np.testing.assert_array_equal(found.incremental, expected.incremental)


def test_a_panel_without_controls_and_with_several_outcomes_comes_back(
    tmp_path: Path, unfitted_model: FittedModel
) -> None:
    panel = unfitted_model.panel
    other = replace(
        panel,
        controls=(),
        control_values=panel.control_values[:, :, :0],
        outcomes=(panel.outcomes[0], replace(panel.outcomes[0], name="visits", in_money=False)),
        outcome_values=np.concatenate([panel.outcome_values, panel.outcome_values / 10], axis=2),
        country=None,
        currency="",
        population_known=False,
    )
    save_model(replace(unfitted_model, panel=other), tmp_path / "model")
    assert panel_hash(load_model(tmp_path / "model").panel) == panel_hash(other)


def test_a_model_of_the_size_of_the_demo_stays_within_ten_megabytes(
    tmp_path: Path, unfitted_model: FittedModel
) -> None:
    """800 draws of 40 geos, 104 weeks and 4 channels, as noise, which compresses worst."""
    rng = np.random.default_rng(1)
    shapes: dict[str, tuple[int, ...]] = {name: values.shape[1:] for name, values in unfitted_model.draws.items()}
    grown = {"geo_effect": (4, 40), "contribution": (4, 104), "baseline": (96,), "predicted": (96,)}
    draws = {name: rng.standard_normal((800, *grown.get(name, shape))) for name, shape in shapes.items()}
    assert set(grown) <= set(shapes)
    save_model(replace(unfitted_model, draws=draws), tmp_path / "model")
    size = sum(file.stat().st_size for file in (tmp_path / "model").iterdir())
    assert 1 * MEGABYTE < size <= 10 * MEGABYTE


def test_an_older_model_is_replaced(stored: Path, unfitted_model: FittedModel) -> None:
    save_model(replace(unfitted_model, warnings=("newer",)), stored)
    assert load_model(stored).warnings == ("newer",)
    assert leftovers(stored) == []


def test_a_foreign_folder_or_file_is_refused_and_left_alone(tmp_path: Path, unfitted_model: FittedModel) -> None:
    folder, file = tmp_path / "photos", tmp_path / "notes"
    folder.mkdir()
    (folder / "model.json").write_text("mine", encoding="utf-8")
    file.write_text("mine", encoding="utf-8")
    for path in (folder, file):
        with pytest.raises(ModelFileError, match="exists and is not a stored model"):
            save_model(unfitted_model, path)
        with pytest.raises(ModelFileError, match="exists and is not a stored model"):
            refuse_foreign(path)
    assert [entry.name for entry in folder.iterdir()] == ["model.json"]
    assert file.read_text(encoding="utf-8") == "mine"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["notes", "photos"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, unfitted_model: FittedModel) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ModelFileError, match="cannot be written"):
        save_model(unfitted_model, tmp_path / "file" / "model")


@pytest.mark.parametrize("name", ["", *FILES])
def test_an_absent_model_or_file_is_named(stored: Path, name: str) -> None:
    if name:
        (stored / name).unlink()
    else:
        shutil.rmtree(stored)
    with pytest.raises(ModelFileError, match="is not a stored model"):
        load_model(stored)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _other_words(file: Path) -> None:
    file.write_text("[1, 2]", encoding="utf-8")


def _not_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00\x01" * 100)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [_cut, _empty, _other_words, _not_text])
def test_a_damaged_file_is_one_message(stored: Path, name: str, damage: Callable[[Path], None]) -> None:
    damage(stored / name)
    with pytest.raises(ModelFileError, match="is damaged"):
        load_model(stored)


def _without(key: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        del content[key]

    return change


def _verdict(content: dict[str, Any]) -> None:
    content["report"]["channels"][0]["verdict"] = "splendid"


def _fewer_geos(content: dict[str, Any]) -> None:
    content["panel"]["geos"].pop()


def _no_report(content: dict[str, Any]) -> None:
    content["report"] = None


@pytest.mark.parametrize("change", [_without("panel"), _without("provenance"), _verdict, _fewer_geos, _no_report])
def test_labels_that_do_not_fit_are_one_message(stored: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((stored / "model.json").read_text(encoding="utf-8"))
    change(content)
    (stored / "model.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ModelFileError, match="is damaged"):
        load_model(stored)


def test_a_model_of_another_format_asks_for_a_new_fit(stored: Path) -> None:
    content = json.loads((stored / "model.json").read_text(encoding="utf-8"))
    (stored / "model.json").write_text(json.dumps(content | {"format": 99}), encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"has format 99.*fit again"):
        load_model(stored)


class Interrupted(Exception):
    """What stops a save halfway; no `OSError`, so that nothing is prepared for it."""


def test_a_save_that_is_interrupted_leaves_the_older_model(
    stored: Path, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = storage._write

    def half(model: FittedModel, folder: Path) -> None:
        write(model, folder)
        (folder / "model.json").unlink()
        raise Interrupted

    monkeypatch.setattr(storage, "_write", half)
    with pytest.raises(Interrupted):
        save_model(replace(unfitted_model, warnings=("newer",)), stored)
    assert load_model(stored).warnings == unfitted_model.warnings
    assert leftovers(stored) == []


def test_an_interrupted_first_save_leaves_no_model(
    tmp_path: Path, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "_write_arrays", fail)
    with pytest.raises(ModelFileError, match="No space left on device"):
        save_model(unfitted_model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_save_leaves_behind_harms_nobody(stored: Path, unfitted_model: FittedModel) -> None:
    """A killed process cannot tidy up: its half-written folder stays beside the model."""
    behind = stored.parent / f".{stored.name}-killed"
    behind.mkdir()
    (behind / "panel.nc").write_bytes(b"half")
    assert load_model(stored).report == unfitted_model.report
    save_model(replace(unfitted_model, warnings=("newer",)), stored)
    assert load_model(stored).warnings == ("newer",)
    assert leftovers(stored) == [behind.name]


def test_a_new_model_that_cannot_take_its_place_leaves_the_older_one(
    stored: Path, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file = Path.replace

    def refused(self: Path, target: Path) -> Path:
        if target == stored and not self.name.endswith("-old"):
            raise OSError(13, "Permission denied")
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(ModelFileError, match="Permission denied"):
        save_model(replace(unfitted_model, warnings=("newer",)), stored)
    assert load_model(stored).warnings == unfitted_model.warnings
    assert leftovers(stored) == []


def test_files_of_two_models_do_not_make_one(stored: Path, unfitted_model: FittedModel) -> None:
    other = stored.with_name("other")
    provenance = replace(unfitted_model.provenance, model_id="another")
    save_model(replace(unfitted_model, provenance=provenance), other)
    shutil.copy(other / "draws.nc", stored / "draws.nc")
    with pytest.raises(ModelFileError, match="belongs to another model"):
        load_model(stored)
