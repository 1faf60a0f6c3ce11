PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS := .[dev,serving,tiff,dicom,detection]

.DEFAULT_GOAL := help
.PHONY: help demo test test-all coverage lint format constraints clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/installed: setup.py requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable "$(EXTRAS)"
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

coverage: $(VENV)/installed ## Run the tests, and print which lines they do not reach
	$(PYTEST) --cov --cov-report= --ignore tests/methods
	$(PYTEST) --cov --cov-append --cov-report=term-missing tests/methods

lint: $(VENV)/installed ## Check style, format and type hints
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

constraints: ## Renew constraints.txt from the newest versions that setup.py and requirements.txt allow
	rm -rf $(VENV)/newest
	$(PYTHON) -m venv $(VENV)/newest
	$(VENV)/newest/bin/pip install --quiet "$(EXTRAS)"
	{ sed '/^[^#]/d' constraints.txt; $(VENV)/newest/bin/pip freeze --exclude keras_ssl; } > $(VENV)/newest/constraints.txt
	mv $(VENV)/newest/constraints.txt constraints.txt
	rm -rf $(VENV)/newest

format: $(VENV)/installed ## Put the code into the format that lint asks for
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment and the caches
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
