# Everything runs in .venv, which the first target makes; CI, the workflow and people use the same lines.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
TRAIN ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo browser test check format bench docs constraints clean
-include $(VENV)/browser.mk

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.base constraints-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r constraints-dev.txt
	@touch $@

setup: $(VENV)/.dev ## make .venv with lookalike and all that develops it

demo: $(VENV)/.base ## index the drawn shop that ships with lookalike and show what is alike
	@$(BIN)/lookalike demo --folder $(DEMO)

browser: $(VENV)/.dev ## find or fetch what the page is clicked through with; its tests are skipped without
	@bash .ci/browser.sh

test: $(VENV)/.dev ## run every test, the documentation's examples among them
	$(BIN)/python -m pytest

check: $(VENV)/.dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## put the code in its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## print quality and speed, with machine, versions and command (needs the real data)
	$(BIN)/python benchmarks/quality.py
	$(BIN)/python benchmarks/search.py
	$(BIN)/python benchmarks/reindex.py

docs: $(VENV)/.dev ## write the command reference from --help, and run every example in the documentation
	$(BIN)/python docs/write_commands.py
	$(BIN)/python -m pytest tests/test_docs.py

constraints: ## pin the dependencies anew, with hashes and without addresses
	sh .ci/pin.sh

clean: ## remove what was made
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
