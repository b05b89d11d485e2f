# make start   the workbench, on http://127.0.0.1:8000 or the next free port
# make test    the tests                     ARGS="-k churn" passes flags to pytest
# make setup   .venv, what is needed, the face; each done again only when its files changed
# make check   lint, format, types, slow tests; a stage that passed is not run again if nothing changed
# make bench   every benchmark (make peers first for the ones that compare)
# make clean   removes .venv and everything built
#
# PYTHON=python3.12   another Python (≥ 3.11)
# PIP_EXTRA="…"       further flags for pip, e.g. an index of CPU builds of torch

PYTHON ?= python3.11
PIP_EXTRA ?=
EXTRAS ?= classical,plots
WORKERS ?= 2
ARGS ?=

comma := ,
BIN := .venv/bin
# The first of these that is a Python ≥ 3.11.
PY := $(shell for p in $(BIN)/python $(PYTHON) python3 python3.13 python3.12; do "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
INSTALL = $(PY) tools/install.py --pip="$(PIP_EXTRA)"

# In this project's tests the data sets beside the checkout are used where they are.
ifeq ($(origin CASTALIA_DATA),undefined)
ifneq ($(wildcard ../shared/data),)
test check bench: export CASTALIA_DATA := $(abspath ../shared/data)
endif
endif
# Two threads that fight for one core run ten times slower than one.
test check: export OMP_NUM_THREADS := 1

.PHONY: start setup test test-setup check bench peers clean python
.NOTPARALLEL:

start: setup
	@exec $(BIN)/castalia up

setup: python
	@$(INSTALL) $(subst $(comma), ,$(EXTRAS))

test-setup: python
	@$(INSTALL) test
	@$(INSTALL) --beside .venv/peers/mlflow2 -r tests/mlflow2.txt
	@$(PY) tools/programs.py

test: test-setup
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: test-setup
	@$(BIN)/python tools/check.py $(ARGS)

bench: test-setup
	@set -e; for file in $(filter-out %/tables.py %/beside.py %/servers.py %/filling.py %/libraries.py,$(wildcard benchmarks/*.py)) benchmarks/tables.py; do echo "$$file"; $(BIN)/python "$$file"; done

peers: python
	@$(INSTALL) --into .venv/peers/all -r benchmarks/peers.txt

clean:
	rm -rf .venv src/castalia/web/dist src/castalia/web/ui/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

python:
ifeq ($(PY),)
	@echo "Castalia needs Python 3.11 or newer, and neither $(PYTHON) nor python3 is. On Debian 12 type:  apt-get install python3 python3-venv" >&2
	@echo "With another Python:  make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2
	@exit 1
endif
