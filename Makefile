# Every target sets up what it needs: Python 3.11 or newer with venv, make and git are enough.
PYTHON ?= python3
PORT ?= 8000
SERVE ?= 1
# More arguments for pytest: make test ARGS="tests/audit -k chain"
ARGS ?=
RUN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-run demo cheat test nightly bench-approvals check fmt lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv and install all locked packages
	@$(PYTHON) tools/setup.py dev

setup-run:
	@$(PYTHON) tools/setup.py run

demo: setup-run ## See one change earn its release, then try it (PORT=8000, SERVE=0 ends after the story)
	@PORT=$(PORT) SERVE=$(SERVE) exec $(RUN) manage.py demo

cheat: setup-run ## Try six ways around the rules on the running demo (PORT=8000)
	@PORT=$(PORT) exec $(RUN) manage.py cheat

test: setup ## Run the tests twice: on SQLite, then on real PostgreSQL and Redis
	@exec $(RUN) -m tools.run_tests $(ARGS)

nightly: setup ## Run the long tests, twice as well
	@exec $(RUN) -m tools.run_tests -m "nightly or hypothesis" $(ARGS)

bench-approvals: setup ## Measure what a decision costs beside a bare transaction, and the queue of 1,000 changes
	@exec $(RUN) -m tools.bench approvals $(ARGS)

check: setup ## Check style, types, imports, migrations and the production example
	@exec $(RUN) -m tools.check

fmt: setup ## Format the code and mend what ruff can mend
	@$(RUN) -m ruff check --fix --exit-zero --quiet && $(RUN) -m ruff format

lock: setup-run ## Resolve the packages again (needs uv)
	@exec $(RUN) -m tools.lock
