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
pytest := $(python) -m pytest -n $(WORKERS)
coverage := $(if $(ARGS),,--cov --cov-report=term)
compile := UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --no-config --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links $(UPGRADE)

# The shell outlives an interrupt, so that what was interrupted may end in its own way and its code be told.
define tell
@trap : INT TERM; { $(1); }; code=$$?; echo "exit $$code"; exit $$code
endef

# What is given reaches the command as one quoted word, whatever is in it.
quote = '$(subst ','\'',$(1))'
given = $(if $(2),--$(1) $(call quote,$(2)))
unless = $(if $(filter no,$(2)),--$(1))
when = $(if $(filter yes,$(2)),--$(1))
operate = $(call tell,$(ready) && $(python) -m tools.deployment $@ $(TARGET) $(1))

.PHONY: help
help: ## this list
	@echo "make TARGET, the targets being:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' Makefile

.PHONY: verify
verify: ## prove that a deployment works: start and deploy the twin first, or TARGET=prod to look at AWS alone
	$(call tell,$(ready) && $(python) -m tools.deployment verify $(TARGET))

.PHONY: deploy
deploy: ## deploy to the twin, or to AWS with TARGET=prod, and verify; VERIFY=no leaves that to you
	$(call tell,$(ready) && $(python) -m tools.deployment deploy $(TARGET) $(call unless,no-verify,$(VERIFY)))

.PHONY: deploy-frontend
deploy-frontend: ## the site alone: build, upload, invalidate and wait
	$(call tell,$(ready) && $(python) -m tools.deployment deploy-frontend $(TARGET))

.PHONY: deploy-backend
deploy-backend: ## everything but the site
	$(call tell,$(ready) && $(python) -m tools.deployment deploy-backend $(TARGET))

.PHONY: preflight
preflight: ## name all that a deploy would miss, and change nothing
	$(call operate,)

.PHONY: changes
changes: ## what a deploy would add, change and remove
	$(call operate,)

.PHONY: releases
releases: ## what was deployed, and what is live
	$(call operate,)

.PHONY: rollback
rollback: ## bring the previous release back; TO=<sha> for another, TEMPLATE=yes for its whole template
	$(call operate,$(call given,to,$(TO)) $(call when,template,$(TEMPLATE)))

.PHONY: gate
gate: ## judge RELEASE=<sha>, take it back when the gate says so, and verify what is then live; WAIT=20m, OWNER=… REASON=…
	$(call operate,$(call given,release,$(RELEASE)) $(call given,wait,$(WAIT)) $(call given,owner,$(OWNER)) $(call given,reason,$(REASON)))

.PHONY: logs
logs: ## FUNCTION=api, apiaccess, daily, …; SINCE=10m, FILTER=…, FOLLOW=yes
	$(call operate,$(call given,function,$(FUNCTION)) $(call given,since,$(SINCE)) $(call given,filter,$(FILTER)) 	$(call when,follow,$(FOLLOW)))

.PHONY: metrics
metrics: ## calls and errors of functions and API; SINCE=1h
	$(call operate,$(call given,since,$(SINCE)))

.PHONY: restore-rehearsal
restore-rehearsal: ## restore TABLE=Users to a scratch table and compare; FROM=newest, an ARN, a moment; PUT_BACK=yes
	$(call operate,$(call given,table,$(TABLE)) $(call given,from,$(FROM)) $(call when,put-back,$(PUT_BACK)))

.PHONY: restore
restore: ## restore TABLE=Users beside itself as NAME=…; FROM=newest, an ARN, a moment
	$(call operate,$(call given,table,$(TABLE)) $(call given,from,$(FROM)) $(call given,name,$(NAME)))

.PHONY: backup
backup: ## make a backup of TABLE=Users now
	$(call operate,$(call given,table,$(TABLE)))

.PHONY: backups
backups: ## what TABLE=Users can be restored from
	$(call operate,$(call given,table,$(TABLE)))

.PHONY: export
export: ## write TABLE=Users as JSON into the backups bucket, or BUCKET=…
	$(call operate,$(call given,table,$(TABLE)) $(call given,bucket,$(BUCKET)))

.PHONY: backup-site
backup-site: ## copy the site's files to the backups bucket; FOLDER=…, BUCKET=…
	$(call operate,$(call given,folder,$(FOLDER)) $(call given,bucket,$(BUCKET)))

.PHONY: restore-site
restore-site: ## bring the site's files back from FOLDER=frontend-20260131; BUCKET=…
	$(call operate,$(call given,folder,$(FOLDER)) $(call given,bucket,$(BUCKET)))

.PHONY: destroy
destroy: ## delete the stacks, after saying what stays and asking; YES=yes on a twin, CONFIRM=<stack> on AWS
	$(call operate,$(call when,yes,$(YES)) $(call given,confirm,$(CONFIRM)))

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

.PHONY: mutate
mutate: ## break a deployed twin on purpose and see which promise notices; ARGS="--family TLS" for some of it
	$(call tell,$(ready) && $(python) -m tools.deployment verify local && $(python) -m checks mutate \
	--json docs/kill-matrix.json --page docs/kill-matrix.md --beside docs/kill-annex.json $(ARGS))

.PHONY: annex
annex: export TWIN_HOME := $(CURDIR)/.twin/annex
annex: ## break what the marketplace has none of, on a twin of its own; ARGS="--only INF-06" for some of it
	$(call tell,$(ready) && $(python) -m tests.annex && $(python) -m checks mutate \
	--target tests/annex/annex.toml --json docs/kill-annex.json $(ARGS); code=$$?; $(python) -m tests.annex down; (exit $$code))

.PHONY: soak
soak: ## verify the deployed twin for SECONDS=3600 while its AWS throttles, falls silent and is slow
	$(call tell,$(ready) && $(python) -m tools.soak --seconds $(or $(SECONDS),3600))

.PHONY: full
full: ## all there is: lint, types, every test however long, and the verified twin
	$(call tell,$(ready) && $(lint) && $(typecheck) && $(pytest) -m "" --cov && $(python) -m tools.deployment verify local)

.PHONY: bench
bench: ## what each part costs beside what it stands on, into docs/performance.md; BENCH=short to see that it works
	$(call tell,$(ready) && $(python) -m tools.bench)

.PHONY: lint
lint: ## ruff: rules and format
	$(call tell,$(ready) && $(lint))

.PHONY: format
format: ## let ruff set the format and mend what it can
	$(call tell,$(ready) && $(python) -m ruff format . && $(python) -m ruff check --fix .)

.PHONY: secrets
secrets: ## search the whole history for keys and tokens
	$(call tell,$(ready) && $(python) -m tools.secret_search)

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
