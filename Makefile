# Every target is one line a person could type. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
TOOLS  := .venv-appliance
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
SPEED  ?= 195
STAMP  := $(VENV)/.installed
# A version is locked when it has been public for a week: what was smuggled in is usually found by then.
AGED    = --exclude-newer $$($(BIN)/python -c 'import datetime as d; print((d.datetime.now(d.UTC) - d.timedelta(days=7)).isoformat(timespec="seconds"))')

# Where an environment forbids it, as container images of Python do, pytest rewrites every test file anew in each worker.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv run monitor simulate test test-slow test-days clients gauntlet gauntlet-quick lab lab-arm64 appliance appliance-venv redeploy halt resume \
        backup restore new-pi versions upgrade-gateway lint fmt docs measure years lock backtest bench

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(STAMP)  ## create .venv with ibkr-bot and the development tools in it

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}: make venv PYTHON=python3.13")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: venv  ## trade a recorded day against the simulated gateway (SPEED=max: as fast as the machine can)
	@$(BIN)/ibkr-bot run --speed $(SPEED)

monitor:  ## Prometheus and Alertmanager beside `make run`
	@.ci/monitor

test: venv  ## unit and line tests, some three minutes
	@$(BIN)/python -m pytest -n 3 -m "not slow" --dist loadgroup --ignore=tests/gauntlet

test-slow: venv  ## every recorded day, fuzzing, the queries on a real Prometheus
	@$(BIN)/python -m pytest -n 2 -m slow --dist loadgroup --ignore=tests/gauntlet \
		--deselect tests/live_line/test_kill_matrix.py --deselect tests/live_line/test_week.py

clients: venv  ## one conformance suite with each client library that can be installed (SETS="thetagang nautilus": applications)
	@.ci/clients $(SETS)

test-days: venv  ## every recorded day through the whole bot (part of test-slow)
	@$(BIN)/python -m pytest -n 2 -m slow tests/live_line/test_recorded_days.py

gauntlet: venv  ## how bots like this failed, against the simulated gateway; writes the scorecard (docs/gauntlet.md)
	@$(BIN)/python -m tests.gauntlet.scorecard

gauntlet-quick: venv  ## the same without the kill matrix and with three weeks; writes nothing
	@$(BIN)/python -m tests.gauntlet.scorecard --quick

simulate: venv  ## the whole bot in one deterministic simulation (SEED=17 replays one, HOURS=8 is a night, SHRINK=1, RECORD=1)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED) $(if $(SHRINK),--shrink),--minutes $(if $(HOURS),$$(( $(HOURS) * 60 )),$(or $(MINUTES),2)) $(if $(RECORD),--record))

lab:  ## site.yml on two systemd containers, the bot trading a fast recorded day (Debian, as root)
	@.ci/lab test

lab-arm64:  ## the bot's role on an emulated arm64 Debian 13; slow (Debian, as root)
	@.ci/lab-arm64

appliance:  ## linters of the roles, the lab, the container image (Debian, as root)
	@.ci/appliance

appliance-venv: $(TOOLS)/.installed  ## Ansible and what the targets below need, on your own computer

$(TOOLS)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: name a newer one, such as make appliance-venv PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(TOOLS) || { rm -rf $(TOOLS); echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --group pyproject.toml:appliance
	@touch $@

redeploy:  ## new code onto the bots: tested there, switched, proved, else taken back (FORCE=1 in market hours)
	@ansible/play ansible/redeploy.yml

halt:  ## stop entries on every bot until you resume (REASON="...")
	@ansible/play ansible/halt.yml

resume:  ## allow entries again (REASON="why it is safe")
	@ansible/play ansible/resume.yml

backup:  ## bring every bot's journal to this computer
	@ansible/play ansible/backup.yml

restore:  ## give a bot its journal back (BOT=pi BACKUP=file; FORCE=1 in market hours)
	@ansible/play ansible/restore.yml

new-pi:  ## a fresh Pi in an old one's place, with its memory (PI=pi BACKUP=file)
	@ansible/play ansible/new-pi.yml

versions:  ## the programs that are not Debian's, and what is newer where it can be seen
	@$(firstword $(wildcard $(TOOLS)/bin/python) $(PYTHON)) ansible/versions.py

upgrade-gateway:  ## the IB Gateway and IBC the inventory names; have your phone at hand
	@ansible/play ansible/upgrade-gateway.yml

lint: venv  ## formatter, linter, types, floors, dependencies
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/deptry --no-ansi .

fmt: venv  ## put the code in the house's form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

docs: venv  ## write everything that is made from the code (settings.yaml, denials, metrics, dashboards, roles)
	@$(BIN)/python -m docs.generate

measure: venv  ## docs/measured.md: what the strategies and the risk rules did on every bundled day
	@$(BIN)/python -m docs.measure

years: venv  ## docs/backtesting.md: the bundled days and twenty made-up years by strategy, about 20 minutes
	@$(BIN)/python -m docs.years

backtest: venv  ## the bundled days through the live machines, and README's day as README shows it
	@$(BIN)/ibkr-bot backtest --no-spreads
	@$(BIN)/ibkr-bot backtest --no-spreads --from 2011-01-26 --to 2011-01-26

bench: venv  ## every reach beside its figure; ARGS=--keep renews docs/benchmarks.md
	@$(BIN)/python -m benchmarks $(ARGS); first=$$?; $(BIN)/python -m benchmarks.backtest $(filter --keep,$(ARGS)) && exit $$first

lock: venv  ## resolve the dependencies again, for x86-64 and aarch64, CPython 3.11 to 3.13
	@$(BIN)/python -m pip install --quiet uv
	@$(UV) pip compile -q $(AGED) pyproject.toml --group dev --extra bot --extra research --extra cluster --extra search --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade -o requirements/dev.lock
	@$(UV) pip compile -q $(AGED) pyproject.toml --extra bot --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/dev.lock -o requirements/runtime.lock
	@echo hatchling | $(UV) pip compile -q $(AGED) - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements/dev.lock -o requirements/build.lock