.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= python3
# Where the real claude binaries lie; may be moved out of the clone, and is made when it is not there.
export MESHBOT_CACHE ?= $(CURDIR)/.cache
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help:  ## Show what you can do here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@echo "Making the environment in $(VENV); this takes a minute ..."
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'; \
	else \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "meshbot needs Python 3.11 or newer, and $(PYTHON) is none; name one: make setup PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'; \
	fi
	@touch $@

.PHONY: setup
setup: $(STAMP)  ## Make the virtual environment in .venv

.PHONY: claude
claude: $(STAMP)  ## Fetch the real claude binaries from npm into the cache (allowed to fail)
	@$(BIN)/python -m meshbot_core.demo.binaries || true

.PHONY: demo
demo: $(STAMP)  ## Watch agents talk: in the console, or printed where there is no terminal
	@$(BIN)/python -m meshbot_core.demo.binaries --newest || true
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/meshbot-tui --demo; else $(BIN)/python -m meshbot_core.demo; fi

.PHONY: test
test: $(STAMP) claude  ## Run the whole suite
	@$(BIN)/pytest -q -n auto -m "not claude"
	@$(BIN)/pytest -q -n 2 -m claude

.PHONY: test-fast
test-fast: $(STAMP)  ## Run the tests that start no processes
	@$(BIN)/pytest -q -n auto -m "not slow and not claude"

.PHONY: cover
cover: $(STAMP)  ## Run the suite with coverage
	@$(BIN)/pytest -q -n auto -m "not claude" --cov

.PHONY: check
check: $(STAMP)  ## Everything CI checks before the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: fix
fix: $(STAMP)  ## Format, and repair what can be repaired
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: bench
bench: $(STAMP)  ## Measure the figures of docs/performance.md (under 15 minutes)
	@$(BIN)/python -m tests.bench

.PHONY: pictures
pictures: $(STAMP) claude  ## Make the README's pictures of the console anew, from the demonstration
	@$(BIN)/python -m tests.tui.pictures

.PHONY: lock
lock: $(STAMP)  ## Renew constraints.txt within the ranges of pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --no-header --no-annotate --no-emit-index-url --upgrade --quiet --output-file constraints.txt

.PHONY: clean
clean:  ## Remove the environment, caches and build results
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
