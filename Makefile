# Every target works as the first command after cloning. `make help` lists them.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
SOURCES := app actors protocol config tests

# What the tests find on PATH, and the Debian packages that bring it.
TEST_PROGRAMS := flite chromium
DEBIAN_PACKAGES := flite chromium fonts-dejavu-core

LOCK := $(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --extra local pyproject.toml

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check lint bench bench-latency soak call emulators eval-local system-packages programs lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

run: $(VENV)/runtime ## start the server on PORT (8000), reachable from this machine only unless HOST says otherwise
	@HOST="$${HOST:-127.0.0.1}"; export HOST; exec $(BIN)/python -m app serve

test: programs lint ## every check and every test
	@$(BIN)/python -m pytest -n 2 --dist loadfile --ignore=tests/load
	@$(BIN)/python -m pytest tests/load # measures: nothing else may run

eval-local: programs $(VENV)/development ## fifty spoken conversations on the engines of this machine, as a table
	@$(BIN)/python -m tests.eval.local

bench: $(VENV)/development ## the speed of the server beside a floor without sessions: CALLS=1,10,50,75,100 OUT=bench.json
	@$(BIN)/python -m tests.load.bench --calls "$(or $(CALLS),1,10,50,75,100)" --out "$(or $(OUT),bench.json)"

bench-latency: $(VENV)/development ## how long an answer takes on Azure's SDKs, emulated cloud: CALLS=1,25 OUT=bench-latency.json
	@$(BIN)/python -m tests.load.latency.bench --calls "$(or $(CALLS),1,25)" --out "$(or $(OUT),bench-latency.json)"

soak: $(VENV)/development ## MINUTES (20) of CALLS (50) calls: memory, descriptors and latency have to stay flat
	@$(BIN)/python -m tests.load.soak --minutes "$(or $(MINUTES),20)" --calls "$(or $(CALLS),50)"

figures: $(VENV)/development ## write what make bench and make soak have found into the README
	@$(BIN)/python -m tests.load.readme

call: programs $(VENV)/development ## a whole telephone call through the emulated network; WAV=file.wav says what is in it, AGENT=name
	@$(BIN)/python -m tests.eval.phone "$(WAV)" "$(AGENT)"

emulators: $(VENV)/development ## the emulated cloud (ACS, Speech, OpenAI) until Ctrl-C; prints the environment to use
	@$(BIN)/python -m tests.azure

check: lint ## the quick part: formatting, lint, types, and the rules of the repository
	@$(BIN)/python -m pytest -q tests/test_layers.py tests/test_repository.py

lint: $(VENV)/development
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy $(SOURCES)

system-packages: ## install what the tests need besides Python (Debian, as root)
	@command -v apt-get >/dev/null || { echo "make system-packages is for Debian; elsewhere install: $(TEST_PROGRAMS)" >&2; exit 1; }
	@test "$$(id -u)" = 0 || { echo "make system-packages installs with apt-get: run it as root" >&2; exit 1; }
	@packages="$(DEBIAN_PACKAGES)"; \
	python3 -c 'import ensurepip' 2>/dev/null || packages="$$packages python3-venv"; \
	dpkg-query -W $$packages >/dev/null 2>&1 || { \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$packages; }

programs:
	@for program in $(TEST_PROGRAMS); do command -v $$program >/dev/null || \
		{ echo "make test needs $$program on PATH: as root on Debian run make system-packages" >&2; exit 1; }; done

lock: $(VENV)/development ## write the lock files anew from pyproject.toml
	@$(LOCK) --upgrade -o requirements.txt
	@$(LOCK) --upgrade --group dev -c requirements.txt -o requirements-dev.txt

# A stamp is younger than the lock that was installed last.
$(VENV)/runtime: requirements.txt | $(BIN)/pip
	@echo "Installing the locked packages ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/development: requirements-dev.txt | $(BIN)/pip
	@echo "Installing the locked packages ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@ $(VENV)/runtime

# pip is what the making of an environment ends with.
$(BIN)/pip:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -m venv $(VENV) >/dev/null || { rm -rf $(VENV); \
			echo "$$python cannot make a virtual environment: on Debian run apt-get install python3-venv" >&2; exit 1; }; \
		exit 0; \
	done; \
	echo "Earshot needs Python 3.11 or newer as python3 on PATH, or PYTHON=... on the command line" >&2; exit 1
