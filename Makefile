# Needs only Python 3.11 or later, with its venv and pip, and make.

PYTHON ?= python3
PORT ?= 5000

VENV := .venv
BIN := $(VENV)/bin
# Each process starts a PostgreSQL of its own, hence not as many as there are processors.
PARALLEL ?= --numprocesses=auto --maxprocesses=4 --dist=worksteal
# Twice quiet hides progress and warnings; errors are still shown.
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -qq

.PHONY: help demo test coverage lint migrations format bench clean

help:  ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

demo: $(VENV)/.demo  ## Serve the example on http://127.0.0.1:$PORT (5000)
	PORT=$(PORT) $(BIN)/python -m examples.library serve

test: lint  ## Check everything and run the tests
	$(BIN)/python -m pytest $(PARALLEL)
	$(MAKE) --no-print-directory migrations

# Apart from the tests, which it slows down.
coverage: $(VENV)/.dev  ## Run the tests, and tell which lines they don't reach
	$(BIN)/python -m pytest --cov $(PARALLEL)

lint: $(VENV)/.dev  ## Check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# On a database of its own, which is made by the revisions alone.
migrations: export DATABASE_URL = sqlite:///build/migrations.db
migrations: $(VENV)/.dev  ## Check that the revisions lead to what examples/library describes
	mkdir -p build && rm -f build/migrations.db*
	$(BIN)/python -m alembic upgrade head
	$(BIN)/python -m alembic check

format: $(VENV)/.dev  ## Rewrite the files in the format that lint wants
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# As a module: run as a file it would put bench/ first on the path, where its name hides the library `requests`.
bench: $(VENV)/.dev  ## Measure requests per second
	$(BIN)/python -m bench.requests

clean:  ## Remove all that is not in git's care: .venv, caches, builds, the example's database
	rm -rf $(VENV) .tox build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis library.db library.db-*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are written last, so that an installation that broke off is done again.
$(VENV)/.created:
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.demo: pyproject.toml | $(VENV)/.created
	$(INSTALL) -e '.[all]'
	@touch $@

# What the tests need includes what the demo needs, hence both stamps.
$(VENV)/.dev: pyproject.toml | $(VENV)/.created
	$(INSTALL) -e '.[all,dev]'
	@touch $(VENV)/.demo $@
