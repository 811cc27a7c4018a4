# make help         this list
# make demo         the demo shop on this machine, until Ctrl-C: PORT=8000, FEED=catalogue-file
# make test         all tests: ARGS="-k name"; COVERAGE=1 measures which lines they run, as CI does
# make test-fast    unit tests alone: ARGS="-k name"
# make lint         style, types and import directions
# make format       mend the style of all files
# make docs         the site of the documentation, in build/docs; a broken link fails
# make messages     collect and compile translations; gettext is needed
# make screenshots  pictures of the running demo and its admin, in build/screenshots: PORT=8000
# make bench        how long a page of results takes, on servers of its own
# make older        what speaks with PostgreSQL, on an older one, where it can be had
# make matrix       the newest and the oldest of everything, unpinned, on each Python found here
# make clean        remove what was built and what tools keep

PYTHON ?= python3
PORT ?= 8000
FEED ?=
ARGS ?=
COVERAGE ?=
MIN_COVERAGE ?= 90
# Each process has a PostgreSQL and a broker of its own; a file of tests stays in one. Two processes
# more than there are cores, since many tests wait for a worker or a browser.
PROCESSES ?= $(shell $(PYTHON) -c "import os; print(min(4, 2 + (os.cpu_count() or 1)))")
PARALLEL ?= --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
SPEAKING := tests/cases $(wildcard $(addprefix tests/integration/test_,graph*.py indexing.py runs.py search*.py))

# Tests and the demo start many processes: each would compile what the first has compiled.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
RUN := $(VENV)/bin/python
RECIPE := pyproject.toml constraints.txt
SHIPPED := worker,embedded,zh,demo
DEVELOPED := $(SHIPPED),evaluation,docs,dev

.PHONY: help demo test test-fast lint format docs messages screenshots bench older matrix clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(VENV)/.demo
	@exec $(RUN) manage.py demo --port "$(PORT)" $(if $(FEED),--feed "$(FEED)")

# To trace lines takes a third longer. From 3.12 on Python says itself which ran, which costs less.
CORE := "import sys; print('sysmon' if sys.version_info >= (3, 12) else 'ctrace')"
MEASURED := --cov --cov-report=term-missing:skip-covered --cov-fail-under=$(MIN_COVERAGE)

test: $(VENV)/.dev
	COVERAGE_CORE=$$($(RUN) -c $(CORE)) $(RUN) -m pytest $(PARALLEL) $(if $(COVERAGE),$(MEASURED)) $(ARGS)

test-fast: $(VENV)/.dev
	$(RUN) -m pytest --quiet --numprocesses $(PROCESSES) tests/unit $(ARGS)

lint: $(VENV)/.dev
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/.dev
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

docs: $(VENV)/.dev
	$(RUN) -m sphinx --quiet --fail-on-warning --keep-going -c docs . build/docs
	@echo build/docs/index.html

# From the root, since the pages of the demo shop are in templates/.
messages: $(VENV)/.dev
	$(RUN) manage.py makemessages --locale zh_Hans --no-obsolete --add-location file --ignore tests --ignore build
	$(RUN) manage.py compilemessages --ignore tests --ignore build --ignore $(VENV)

screenshots: $(VENV)/.dev
	$(RUN) manage.py screenshots --port "$(PORT)" $(ARGS)

bench: $(VENV)/.dev
	$(RUN) tests/benchmarks/results_page.py $(ARGS)

older: $(VENV)/.dev
	$(RUN) tests/older_postgresql.py $(RUN) -m pytest -q -p no:cacheprovider $(PARALLEL) $(SPEAKING)

matrix: $(VENV)/.dev
	$(RUN) tests/matrix.py $(ARGS)

clean:
	rm -rf .matrix build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .coverage .coverage.*

# Stamps: an installation is repeated only when what it was made from has changed.
$(VENV)/.demo: $(RECIPE)
	$(call install,$(SHIPPED))

$(VENV)/.dev: $(RECIPE)
	$(call install,$(DEVELOPED))

# What builds packages is installed first, from the constraints: a build in isolation ignores them.
define install
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11 …" \
		if sys.version_info < (3, 11) else 0)'
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the packages of constraints.txt …"
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		hatchling editables setuptools setuptools-scm
	@$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		--no-build-isolation -e '.[$(1)]'
	@touch $@
endef
