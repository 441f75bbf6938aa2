# Two commands for everybody: `make demo` and `make test`. Both set everything up first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: setup demo test check recovery benchmark lock clean

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

demo: $(READY)
	$(BIN)/rmo demo

test: $(READY) check
	$(BIN)/python -m pytest tests
	$(BIN)/python -m pytest --nbmake notebooks

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

recovery: $(READY)
	$(BIN)/python -m benchmarks.recovery --models benchmarks/models/recovery
	$(BIN)/python -m benchmarks.calibration
	$(BIN)/python -m benchmarks.next_test
	$(BIN)/python -m benchmarks.next_test_reweighted benchmarks/models/recovery
	$(BIN)/python -m benchmarks.geotest
	$(BIN)/python -m benchmarks.geotest_power
	$(BIN)/python -m benchmarks.geotest_cells
	$(BIN)/python -m benchmarks.switchback

benchmark: $(READY)
	$(BIN)/python -m benchmarks.planner
	$(BIN)/python -m benchmarks.benchmark
	$(BIN)/python -m benchmarks.bids
	$(BIN)/python -m benchmarks.bid_scale
	$(BIN)/python -m benchmarks.bid_safety

# Needs uv; writes no address into the lock.
lock:
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
