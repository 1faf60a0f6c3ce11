PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-all coverage lint format clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/installed: setup.py requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev,serving,tiff,dicom]"
	@touch $@

demo: $(VENV)/installed ## Learn features of handwritten digits, score them, draw them, export the encoder
	$(BIN)/python -m benchmarks.demo

# In two parts, because every compiled step stays in memory for as long as its process lives. Each of the two workers
# begins with a half in one piece, so that what the tests of a module share is compiled once.
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

test: $(VENV)/installed ## Run the tests
	$(PYTEST) --ignore tests/methods
	$(PYTEST) tests/methods

test-all: $(VENV)/installed ## Run the tests, the long ones too
	$(PYTEST) -m "" --ignore tests/methods
	$(PYTEST) -m "" tests/methods

coverage: $(VENV)/installed ## Run the tests and print which lines they reach
	$(PYTEST) --cov --cov-report= --ignore tests/methods
	$(PYTEST) --cov --cov-append --cov-report=term:skip-covered tests/methods

lint: $(VENV)/installed ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed ## Put the code into the format that lint asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment and the caches
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
