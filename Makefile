# Every target works as the first command after cloning. `make help` lists them.

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
SOURCES := app actors protocol config tests

# What the tests find on PATH, and the Debian packages that bring it. A whole Chromium does as well, at three times the
# processor time for each page.
TEST_PROGRAMS := flite chromium-headless-shell nginx redis-server
DEBIAN_PACKAGES := flite chromium-headless-shell fonts-dejavu-core nginx-light redis-server

# Extras stay in the locks: a pip before 23.3 looks for the newest of what is wanted with an extra but pinned without.
COMPILE := $(BIN)/python -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --no-strip-extras --upgrade
INSTALL := $(BIN)/python .ci/install.py
# What Python has compiled and pytest has rewritten is kept, also where the environment says otherwise: without it, each
# worker of the tests and each server that a test starts does it anew, for half of the time that it takes to start.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# With -j, too, what a target needs is made in the order in which it is named.
.NOTPARALLEL:
.PHONY: help run test unit check lint sources diagrams bench bench-latency bench-local bench-transcription bench-workers soak flood faults chaos figures call ring emulators eval-local eval-voice system-packages programs lock

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-24s %s\n", $$1, $$2 }'

run: $(VENV)/runtime $(if $(TLS),.tls/certificate.pem) ## start the server on PORT (8000), reachable from this machine only unless HOST says otherwise; TLS=1: https
	@echo "Starting Earshot; it takes some seconds"
	@HOST="$${HOST:-127.0.0.1}"; export HOST; $(if $(TLS),TLS_CERTIFICATE=.tls/certificate.pem TLS_KEY=.tls/key.pem) exec $(BIN)/python -m app serve

# For this machine and nobody else: browsers ask whether to trust it. The key stays here.
.tls/certificate.pem:
	@mkdir -p $(@D)
	@umask 077; openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 -keyout $(@D)/key.pem -out $@ 2>$(@D)/openssl.log || \
		{ cat $(@D)/openssl.log >&2; exit 1; }

# In two halves of about the same length, each of which reads only its own modules: workers of one run read all of them.
ACTORS = tests/unit/actors
BESIDE_ACTORS = $(filter-out $(addsuffix /,$(ACTORS)) %/__pycache__/,$(wildcard tests/unit/*/ tests/unit/test_*.py))
unit: $(VENV)/development ## what a developer runs all day: pure rules, sessions on virtual time, parsing (about a minute); random walks and tables of faults take a quarter of the steps of make test
	@actors=$$(mktemp); trap 'rm -f "$$actors"' EXIT; \
	QUICK=1 $(BIN)/python -m pytest -q $(ACTORS) >"$$actors" 2>&1 & \
	QUICK=1 $(BIN)/python -m pytest -q $(BESIDE_ACTORS) \
		tests/test_layers.py tests/test_mirror.py tests/test_repository.py; rest=$$?; \
	wait $$!; ended=$$?; cat "$$actors"; test $$rest -eq 0 && test $$ended -eq 0

test: programs $(VENV)/development sources ## every check and every test, in fifteen to twenty minutes on two cores; SEED stirs their order
	@SEED="$(SEED)" $(BIN)/python -m tests.kit.every_test

eval-local: programs $(VENV)/development ## fifty spoken conversations on the engines of this machine, as a table
	@$(BIN)/python -m tests.eval.local

eval-voice: programs $(VENV)/development ## what the local recognizer understands: recordings (VOICES=folder) and synthetic callers, as a table
	@VOICES="$(VOICES)" $(BIN)/python -m tests.eval.voice

bench: $(VENV)/development ## the speed of the server beside a floor without sessions: CALLS=1,10,50,75,100 OUT=bench.json
	@$(BIN)/python -m tests.load.bench --calls "$(or $(CALLS),1,10,50,75,100)" --out "$(or $(OUT),bench.json)"

bench-latency: $(VENV)/development ## how long an answer takes on Azure's SDKs, emulated cloud: CALLS=1,25 OUT=bench-latency.json
	@$(BIN)/python -m tests.load.latency.bench --calls "$(or $(CALLS),1,25)" --out "$(or $(OUT),bench-latency.json)"

bench-workers: $(VENV)/development ## how many calls two workers on two cores carry, against one worker on one: under four minutes
	@$(BIN)/python -m tests.load.capacity

bench-transcription: $(VENV)/development ## what a call costs that is only transcribed, beside one that is answered: CALLS=25 SECONDS=20
	@$(BIN)/python -m tests.load.listening --calls "$(or $(CALLS),25)" --seconds "$(or $(SECONDS),20)"

bench-local: $(VENV)/development ## ten conversations at once on the engines of this machine: CALLS=10 SECONDS=30
	@$(BIN)/python -m tests.load.local --calls "$(or $(CALLS),10)" --seconds "$(or $(SECONDS),30)"

soak: $(VENV)/development ## MINUTES (20) of CALLS (50) calls: memory, descriptors and latency have to stay flat
	@$(BIN)/python -m tests.load.soak --minutes "$(or $(MINUTES),20)" --calls "$(or $(CALLS),50)"

flood: $(VENV)/development ## clients that flood the server, each beside a conversation that must not notice: ONLY=part of a name; WRITE=1: into docs/performance.md
	@$(BIN)/python -m tests.load.flood --only "$(ONLY)" $(if $(WRITE),--write)

chaos: $(VENV)/development ## CALLS (40) and BROWSERS (20) while workers are killed, stopped and drained, and Redis is taken away: a table; MACHINES=1: workers share nothing but Redis; FREEZES (50) of a worker that speaks: none is heard beside its successor
	@$(BIN)/python -m tests.load.chaos --calls "$(or $(CALLS),40)" --browsers "$(or $(BROWSERS),20)" $(if $(MACHINES),--machines)
	@$(BIN)/python -m tests.load.two_owners --freezes "$(or $(FREEZES),50)"

faults: $(VENV)/development ## RUNS (1000) conversations from SEED (0) on in which things go wrong: none may suffer for it
	@$(BIN)/python -m tests.fault_campaign --runs "$(or $(RUNS),1000)" --seed "$(or $(SEED),0)"

diagrams: $(VENV)/development ## write what documents, dashboards and the schema of agents have from the code
	@$(BIN)/python -m tests.kit.turn_taking_diagram
	@$(BIN)/python -m tests.kit.agent_reference
	@$(BIN)/python -m tests.kit.environment_reference
	@$(BIN)/python -m tests.kit.grafana_dashboard
	@$(BIN)/python -m tests.kit.azure_workbook
	@$(BIN)/python -m tests.kit.agent_schema

figures: $(VENV)/development ## write what make bench and make soak have found into docs/performance.md
	@$(BIN)/python -m tests.load.figures

call: $(VENV)/development ## a whole telephone call through the emulated network: SAY="text" or WAV=file.wav, AGENT=name; TO=+15550123: the agent calls
	@$(BIN)/python -m tests.eval.phone --say "$(SAY)" --wav "$(WAV)" --agent "$(AGENT)" --callee "$(TO)"

ring: $(VENV)/development ## somebody calls the server that runs beside `make emulators`: SAY="text" or WAV=file.wav, TO=number
	@$(BIN)/python -m tests.eval.ring --say "$(SAY)" --wav "$(WAV)" --to "$(TO)"

emulators: $(VENV)/development ## the emulated cloud until Ctrl-C; prints the environment to use, also in emulated.env; ONLY=telephone: no speech, no model
	@$(BIN)/python -m tests.cloud --only "$(ONLY)" --write emulated.env

check: lint ## the quick part: formatting, lint, types, and the rules of the repository
	@$(BIN)/python -m pytest -q tests/test_layers.py tests/test_mirror.py tests/test_repository.py

lint: $(VENV)/development
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy $(SOURCES)

system-packages: ## install what the tests need besides Python (Debian, as root); make test does it by itself
	@command -v apt-get >/dev/null || { echo "make system-packages is for Debian; elsewhere install: $(TEST_PROGRAMS)" >&2; exit 1; }
	@test "$$(id -u)" = 0 || { echo "make system-packages installs with apt-get: run it as root" >&2; exit 1; }
	@packages="$(DEBIAN_PACKAGES)"; \
	test -x $(BIN)/pip || $(or $(PYTHON),python3) -c 'import ensurepip' 2>/dev/null || packages="$$packages python3-venv"; \
	test -z "$$(dpkg-query -W -f '$${db:Status-Status}\n' $$packages 2>&1 | grep -vx installed)" || { \
		echo "Installing what the tests need of Debian: $$packages"; \
		set -- -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120; \
		apt-get "$$@" update; \
		DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes apt-get "$$@" install -y --no-install-recommends $$packages >/dev/null; }

# Before anything else is done: what the tests need besides Python is there, or is brought, or is named. nginx is where
# Debian has servers, which not everybody has on PATH.
programs:
	@missing() { PATH="$$PATH:/usr/sbin"; \
		for program in $(TEST_PROGRAMS); do \
			command -v "$$program" >/dev/null || command -v "$${program%-headless-shell}" >/dev/null || printf '%s ' "$$program"; done; }; \
	brings() { command -v apt-get >/dev/null && test "$$(id -u)" = 0; }; \
	venv() { test -x $(BIN)/pip || $(or $(PYTHON),python3) -c 'import ensurepip' 2>/dev/null; }; \
	{ test -z "$$(missing)" && venv; } || ! brings || $(MAKE) --no-print-directory -s system-packages || exit 1; \
	test -z "$$(missing)" || { \
		echo "make test needs on PATH: $$(missing | sed 's/ $$//') (as root on Debian it installs them itself)" >&2; exit 1; }

# Pykka's own tests come only with its source release. Tests download nothing, so it is brought before them. pip asks the
# build tool of a source release what is in it: the locked one answers, which need not be downloaded and built first.
sources: .sources/pykka.txt

.sources/pykka.txt: requirements-dev.txt | $(VENV)/development
	@mkdir -p $(@D)
	@rm -f $(@D)/pykka-*
	@sed -n '/^pykka==/,/[^\\]$$/p' $< > $@.new
	@$(BIN)/python -m pip download --disable-pip-version-check --quiet --require-hashes --no-deps \
		--no-build-isolation --no-binary :all: --dest $(@D) -r $@.new
	@mv $@.new $@

lock: $(VENV)/development ## write the lock files anew from pyproject.toml
	@$(COMPILE) --extra local pyproject.toml -o requirements.txt
	@$(COMPILE) --extra local --extra azure-monitor --extra mcp --group dev pyproject.toml -c requirements.txt -o requirements-dev.txt
	@$(COMPILE) --group models -c requirements-dev.txt -o requirements-models.txt
	@$(COMPILE) --group installer -c requirements-dev.txt -o requirements-installer.txt

# A stamp is younger than the lock that was installed last.
$(VENV)/runtime: requirements.txt requirements-models.txt | $(BIN)/pip
	@$(INSTALL) $^
	@touch $@

$(VENV)/development: requirements-dev.txt requirements-models.txt | $(BIN)/pip
	@$(INSTALL) $^
	@touch $@ $(VENV)/runtime

# pip is what the making of an environment ends with. Not all locked packages have come for Python 3.14 and later yet:
# those are taken only where there is no other, or where PYTHON names one.
$(BIN)/pip:
	@for python in $(if $(PYTHON),"$(PYTHON)",python3:3.13 python3.13 python3.12 python3.11 python3); do \
		below=$$(echo "$$python" | sed -n 's/^[^:]*:3\.//p'); python=$${python%%:3.*}; \
		"$$python" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $${below:-99}))" 2>/dev/null || continue; \
		echo "Making the environment $(VENV) with $$("$$python" -V)"; \
		"$$python" -m venv $(VENV) >/dev/null || { rm -rf $(VENV); \
			echo "$$python cannot make a virtual environment: on Debian run apt-get install python3-venv" >&2; exit 1; }; \
		exit 0; \
	done; \
	echo "Earshot needs Python 3.11 or newer as python3 on PATH, or PYTHON=... on the command line" >&2; exit 1
