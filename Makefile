# Two commands: `make demo` runs the hub with its simulated sources; `make test` proves it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GOOGLE := var/google-fhir

.PHONY: demo test lint attacks leaks bench browser conformance clients clean

# What is compiled is kept, also where the environment says otherwise: some fifty processes of the tests start from it.
unexport PYTHONDONTWRITEBYTECODE

INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e .
	touch $@

# With it goes what a demo needs.
$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) -e '.[dev]'
	touch $(VENV)/installed $@

demo: $(VENV)/installed
	$(BIN)/hub demo

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -n 2

attacks: $(VENV)/installed-dev
	HUB_ATTACKS=10000 HUB_KILLS=200 $(BIN)/pytest tests/attacks --timeout 3600

leaks: $(VENV)/installed-dev
	HUB_WITHDRAWALS=2000 HUB_TIMING_PAIRS=4000 $(BIN)/pytest tests/leaks/test_withdrawals_under_load.py tests/leaks/test_timing.py --timeout 3600
	HUB_TWIN_PAIRS=200000 HUB_TWIN_STEPS=10000 $(BIN)/pytest -n 2 tests/leaks --deselect tests/leaks/test_withdrawals_under_load.py --timeout 7200

browser: $(VENV)/installed-dev
	$(INSTALL) -e '.[dev,e2e]'
	$(BIN)/pytest -m browser

conformance: $(VENV)/installed-dev
	HUB_CONFORMANCE_PAIRS=100000 $(BIN)/pytest -n 2 tests/conformance

bench: $(VENV)/installed-dev
	$(BIN)/python -m bench

$(GOOGLE)/installed: tests/clients/google_fhir/requirements.txt
	$(PYTHON) -m venv $(GOOGLE)
	$(GOOGLE)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

clients: $(VENV)/installed-dev $(GOOGLE)/installed
	cd tests/clients/node && npm install --no-audit --no-fund --no-package-lock --silent
	$(BIN)/pytest tests/clients

clean:
	rm -rf $(VENV) var tests/clients/node/node_modules
