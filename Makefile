# ts_dailycal: two commands, `make run` and `make test`; `make help` lists the others.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Whatever of these is there; `make PYTHON=/path/to/python3.13 test` asks for another one, which has
# an environment of its own beside that of the first.
PYTHONS := 3.11 3.12 3.13
ifeq ($(origin PYTHON), undefined)
PYTHON := $(shell for version in $(PYTHONS); do \
    python$$version -c "" 2> /dev/null && command -v python$$version && break; done \
    || command -v python3)
VENV ?= .venv
else
VENV ?= .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
UV := $(BIN)/uv
UV_PIP = $(UV) pip
# Compiled once here, and not by each of the many processes of an observatory that starts.
PIP_ARGS = --python $(BIN)/python --quiet --no-deps --compile-bytecode

LOCK := requirements/requirements.lock
LOCKED := $(VENV)/.locked
STANDINS_INSTALLED := $(VENV)/.standins
INSTALLED := $(VENV)/.installed
STANDINS := $(shell find standins -name '*.toml' -o -path '*definitions/*.txt' -o -name 'install.py')

# What `make run` does, so that another scale or another directory can be asked for:
# make run RUN_OPTIONS='--time-scale 1'
RUN_DIRECTORY ?= run
RUN_OPTIONS ?=
PYTEST_OPTIONS ?=
# Healthy sets that `make power` tries.
SETS ?= 400
POWER_OPTIONS ?=

# Where the home directory cannot be written, as for a user of a container without one.
ifneq ($(shell test -w "$${HOME:-/nowhere}" && echo yes),yes)
export UV_CACHE_DIR ?= $(abspath $(VENV))/.uv-cache
endif

# Nothing of the person's own Python may leak in, and every program of the environment is found.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE := 1
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: help env run test test-pythons check-code lint unit system packaging test-slow power combination bench soak docs docs-faults docs-pictures lock clean
help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

env: $(INSTALLED) ## make the environment in .venv

run: $(INSTALLED) ## the whole procedure page in a simulated observatory; leaves run/
	$(BIN)/dailycal run --directory $(RUN_DIRECTORY) $(RUN_OPTIONS)

test: lint unit system ## lint and all tests

# Where pyenv keeps a Python that is not chosen, the command of that name is there and does not run.
test-pythons: ## unit and packaging tests on every other Python of 3.11, 3.12 and 3.13 that is here
	@for version in $(PYTHONS); do \
	    python=$$(command -v python$$version || true); \
	    for python in $$python $${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version.*/bin/python$$version; do \
	        "$$python" -c '' 2> /dev/null || continue; \
	        test $$version = $$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') && break; \
	        echo "Python $$version: $$python"; \
	        $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$version unit packaging || exit 1; \
	        break; \
	    done; \
	done

# On their own, so that it can be seen whether they load salobj, DDS or the Butler.
unit: $(INSTALLED) ## the tests that need neither DDS nor a Butler
	$(BIN)/python -m pytest tests/unit -n 2 $(PYTEST_OPTIONS)

# A file at a time in each of six workers, since most of it is waiting for real components: the
# tests of a file share what takes long to start. Which file comes when: tests/conftest.py.
system: $(INSTALLED) ## the tests on real SAL, real processes, a real Butler
	$(BIN)/python -m pytest tests --ignore=tests/unit -m 'not slow' -n 6 --dist loadscope \
	    --no-loadscope-reorder $(PYTEST_OPTIONS)

packaging: $(INSTALLED) ## the wheel and the source distribution, installed by pip and by uv
	$(BIN)/python -m pytest tests/packaging $(PYTEST_OPTIONS)

# Both at a time: each is one process for most of its time.
lint: $(INSTALLED) ## style, types, import directions, documentation
	+$(MAKE) --no-print-directory -j 2 check-code docs

check-code: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy -p lsst.ts.dailycal
	$(BIN)/mypy bench
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint .devcontainer/Dockerfile

docs: $(INSTALLED) ## the documentation, in doc/_build/html; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -j auto -b html doc doc/_build/html

# The page does not exist, or is out of date, while it is written: its own tests come afterwards.
docs-faults: $(INSTALLED) ## run the matrix of faults, and write doc/faults.md from it
	DAILYCAL_FAULTS_PAGE=$(abspath doc/faults.md) $(BIN)/python -m pytest -q tests/unit/run \
	    tests/unit/properties tests/unit/fuzz --ignore=tests/unit/run/test_faults_page.py \
	    $(PYTEST_OPTIONS)

docs-pictures: $(INSTALLED) ## the pictures in doc/pictures, also if nothing that they show has changed
	$(BIN)/python doc/_ext/page_pictures.py

test-slow: $(INSTALLED) ## the tests that take minutes, and doc/reference/processes.md
	DAILYCAL_PROCESSES_PAGE=$(abspath doc/reference/processes.md) \
	    $(BIN)/python -m pytest tests -m slow $(PYTEST_OPTIONS)
	DAILYCAL_SEARCH=3 $(BIN)/python -m pytest tests/unit/properties tests/unit/fuzz \
	    tests/unit/pipelines -n 2 $(PYTEST_OPTIONS)

# A limit of one in a thousand takes SETS=1850, an hour of two cores; what was ended goes on.
power: $(INSTALLED) ## what the decisions see of what can be wrong, as doc/reference/detection.md; minutes
	mkdir -p bench/results
	OMP_NUM_THREADS=1 $(BIN)/python bench/power.py --page doc/reference/detection.md \
	    --sets $(SETS) --kept bench/results/power.jsonl $(POWER_OPTIONS)

combination: $(INSTALLED) ## what bad frames leave in a combination, as doc/reference/combination.md
	OMP_NUM_THREADS=1 $(BIN)/python bench/clip_table.py --page doc/reference/combination.md

bench: $(INSTALLED) ## speed and memory, as ratios in one run; writes bench/results/
	mkdir -p bench/results
	$(BIN)/python bench/dds_round_trip.py | tee bench/results/dds.txt
	tail -n 1 bench/results/dds.txt > bench/results/dds.json
	$(BIN)/python bench/combine.py --json bench/results/combine.json
	$(BIN)/python bench/jobs.py --json bench/results/jobs.json
	$(BIN)/python bench/web.py --json bench/results/web.json
	$(BIN)/python bench/acquisition.py --json bench/results/acquisition.json
	$(BIN)/python bench/verdict.py --json bench/results/verdict.json

soak: $(INSTALLED) ## 50 whole procedures in one observatory, and doc/reference/soak.md: half an hour
	mkdir -p bench/results
	$(BIN)/python bench/soak.py --json bench/results/soak.json --page doc/reference/soak.md

# One lock for all versions of Python, with the same version of a package for each wherever there is
# one, so that numbers do not depend on Python. No index and no address goes into it: each machine
# has its own.
lock: $(UV) ## pin the requirements again
	$(UV_PIP) compile --quiet --universal --python-version $(firstword $(PYTHONS)) \
	    --fork-strategy fewest --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links requirements/dev.in -o $(LOCK)
	echo 'ts-salobj==6.9.1' >> $(LOCK)

clean: ## remove the environment and what the tests left
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis doc/_build

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in "$(PYTHONS)".split() and \
	    "Python $(PYTHONS) is what the pinned packages are for. Set PYTHON=/path/to/one of them")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# The lock is complete, so nothing is resolved here: ts-salobj's own requirements are standins/.
$(LOCKED): $(LOCK) | $(UV)
	$(UV_PIP) install $(PIP_ARGS) -r $(LOCK)
	@touch $@

$(STANDINS_INSTALLED): $(LOCKED) $(STANDINS)
	$(BIN)/python standins/install.py
	@touch $@

$(INSTALLED): $(STANDINS_INSTALLED) setup.cfg pyproject.toml
	$(UV_PIP) install $(PIP_ARGS) --no-build-isolation --editable .
	$(UV_PIP) check --quiet --python $(BIN)/python
	@touch $@
