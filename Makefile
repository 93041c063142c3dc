# What a person types. Each target makes .venv ready by itself and prints its exit code as its last line, since make
# turns every other code into 2.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= python3
TARGET ?= local
# pytest's workers; the two cores of a small CI machine are busy with two.
WORKERS ?= 2
# Arguments for pytest, such as ARGS="tests/world -k tls"; coverage is asked of a whole run alone.
ARGS ?=

# With .venv's own commands first: its Node is the one that the CDK is used with.
python := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python
ready := $(PYTHON) -m tools.bootstrap "make $(MAKECMDGOALS)"
lint := $(python) -m ruff check . && $(python) -m ruff format --check .
typecheck := $(python) -m mypy
pytest := $(python) -m pytest -n $(WORKERS) --dist loadgroup
coverage := $(if $(ARGS),,--cov --cov-report=term)
compile := UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --no-config --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links $(UPGRADE)

# The shell outlives an interrupt, so that what was interrupted may end in its own way and its code be told.
define tell
@trap : INT TERM; { $(1); }; code=$$?; echo "exit $$code"; exit $$code
endef

.PHONY: help
help: ## this list
	@echo "make TARGET, the targets being:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: verify
verify: ## prove that a deployment works: start and deploy the twin first, or TARGET=prod to look at AWS alone
	$(call tell,$(ready) && $(python) -m tools.deployment verify $(TARGET))

.PHONY: deploy
deploy: ## deploy to the twin, or to AWS with TARGET=prod
	$(call tell,$(ready) && $(python) -m tools.deployment deploy $(TARGET))

.PHONY: up
up: ## start the twin, a local AWS
	$(call tell,$(ready) && $(python) -m checks twin up)

.PHONY: down
down: ## stop the twin and remove what it kept
	$(call tell,$(ready) && $(python) -m checks twin down)

.PHONY: test
test: ## the tests, with the branch coverage they must reach; ARGS="tests/world -k tls" for some of them
	$(call tell,$(ready) && $(pytest) $(coverage) $(ARGS))

.PHONY: eyes
eyes: ## the deployed site seen by curl, openssl, dig and a browser, all from Debian; a missing one is named
	$(call tell,$(ready) && $(python) -m pytest -m eyes $(ARGS))

.PHONY: full
full: ## all there is: lint, types, every test however long, and the verified twin
	$(call tell,$(ready) && $(lint) && $(typecheck) && $(pytest) -m "" --cov && $(python) -m tools.deployment verify local)

.PHONY: bench
bench: ## what each part costs beside what it stands on; the page is docs/performance.md
	$(call tell,$(ready) && $(python) -m tools.bench)

.PHONY: lint
lint: ## ruff: rules and format
	$(call tell,$(ready) && $(lint))

.PHONY: format
format: ## let ruff set the format and mend what it can
	$(call tell,$(ready) && $(python) -m ruff format . && $(python) -m ruff check --fix .)

.PHONY: typecheck
typecheck: ## mypy --strict
	$(call tell,$(ready) && $(typecheck))

.PHONY: lock
lock: ## remake the locks after a change of pyproject.toml; UPGRADE=--upgrade for the newest versions
	$(call tell,$(ready) \
	&& $(compile) --group installer --output-file requirements/installer.txt \
	&& $(compile) --all-extras pyproject.toml --output-file requirements/dev.txt \
	&& $(compile) --constraint requirements/dev.txt khaya_api/requirements.txt --output-file requirements/lambda.txt \
	&& .venv/bin/npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund --prefix tools/cdk)

.PHONY: clean
clean: ## stop the twin and remove everything that was made here
	$(call tell,{ test ! -x .venv/bin/python || $(python) -m checks twin down; } \
	&& rm -rf .venv .build .twin .checks cdk.out dist reports .hypothesis .mypy_cache .pytest_cache .ruff_cache)
