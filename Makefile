# Each verb makes its own virtual environment and installs all that it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
# Set where `make test` has just run, so that `make check` runs only what needs more than that.
TESTED ?=
# The environments of servers that are measured: peers and ours, and ours compiled.
BENCH := .venv-bench
COMPILED_VENV := .venv-compiled
PACKAGES := mcws_protocol mcws_protocol.aio mcws_server mcws_client mcws_testkit

.DEFAULT_GOAL := help
.PHONY: help demo test test-compiled check style types stubs docs coverage nightly bench parts clean

help:  ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1: /'

$(VENV)/.%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group $*
	@touch $@

demo: $(VENV)/.demo  ## devices, a server and an operator's view on this machine; ARGS=--headless for 5 s
	@$(BIN)/python -m examples.demo $(ARGS)

test: $(VENV)/.test  ## run the tests; ARGS are pytest's
	@$(BIN)/python -m pytest $(ARGS)

# The packages are installed, not editable. A copy of the tests runs beside links to what was
# installed, since it looks at the sources too, and those of a checkout would hide what is compiled.
COMPILED_RUN := build/compiled

$(COMPILED_VENV)/.compiled: pyproject.toml hatch_build.py $(shell find mcws_* -name '*.py')
	@$(PYTHON) -m venv --clear $(COMPILED_VENV)
	@$(COMPILED_VENV)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	@MCWS_COMPILE=1 $(COMPILED_VENV)/bin/python -m pip install --quiet . --group test
	@# Else pytest rewrites the asserts of all modules that come with a plugin, ours, and
	@# such a module cannot be run by `python -m` from inside of a test.
	@rm $(COMPILED_VENV)/lib/python3*/site-packages/mcws-*.dist-info/RECORD
	@touch $@

test-compiled: $(COMPILED_VENV)/.compiled  ## run the tests on the compiled build; ARGS are pytest's
	@rm -rf $(COMPILED_RUN) && mkdir -p $(COMPILED_RUN)
	@cp -R .ci .gitignore $(filter-out build dist mcws_%,$(wildcard *)) $(COMPILED_RUN)/
	@for package in $(CURDIR)/$(COMPILED_VENV)/lib/python3*/site-packages/mcws_*/; do \
		ln -sfn "$$package" $(COMPILED_RUN)/; done
	@cd $(COMPILED_RUN) && MCWS_COMPILE=1 $(CURDIR)/$(COMPILED_VENV)/bin/python -m pytest $(ARGS)

check: style types stubs docs coverage  ## all that CI runs

style: $(VENV)/.check
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/.check
	@$(BIN)/mypy
	@$(BIN)/pyright
	@# --verifytypes looks at what was installed, not at a checkout.
	@rm -rf $(VENV)/installed
	@$(BIN)/python -m pip install --quiet --target $(VENV)/installed .
	@for package in $(PACKAGES); do \
		PYTHONPATH=$(VENV)/installed $(BIN)/pyright --pythonpath $(BIN)/python --ignoreexternal \
			--verifytypes $$package || exit 1; done
	@$(BIN)/python -m pytest --quiet tests/typing

stubs: $(VENV)/.check
	@PYTHONPATH=. MYPYPATH=stubs $(BIN)/python -m mypy.stubtest --concise \
		--allowlist stubs/allowlist.txt mcws_protocol mcws_server mcws_client mcws_testkit
	@$(if $(TESTED),,$(BIN)/python -m pytest --quiet tests/stubs)

docs: $(VENV)/.check
	@$(BIN)/python -m docs.diagrams --check
	@$(BIN)/python -m docs.reference --check
	@$(BIN)/python -m pytest --quiet tests/docs $(if $(TESTED),-k programs_are_typed)

# Without the docs and the long searches, and with fewer examples, which are always the same.
coverage: export MCWS_PROFILE := coverage
coverage: $(VENV)/.check
	@# Not by a plugin of pytest, which would begin behind the plugin of ours. Two halves at once.
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run --parallel-mode -m pytest --quiet -m "not long" tests/testkit \
		tests/properties & \
		half=$$!; \
		$(BIN)/python -m coverage run --parallel-mode -m pytest --quiet -p no:cacheprovider \
			tests/protocol tests/aio tests/server tests/client tests/integration; \
		status=$$?; wait $$half && exit $$status
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --fail-under=100

nightly: $(VENV)/.test  ## the tests with 10,000 examples for each property
	@MCWS_PROFILE=nightly $(BIN)/python -m pytest tests/properties \
		tests/integration/test_fidelity.py tests/testkit/test_mutants.py $(ARGS)

# The compiled build is not editable, so what it was built from is listed.
$(BENCH)/.bench: pyproject.toml benchmarks/install.py $(wildcard mcws_*/*.py mcws_protocol/aio/*.py)
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python benchmarks/install.py
	@touch $@

bench: $(BENCH)/.bench  ## compare with other servers; ARGS are those of benchmarks.run, COMPILED=0 is quicker
	@$(BENCH)/bin/python -m benchmarks.run $(ARGS)

parts: $(VENV)/.test  ## measure parts alone: the way of a message, framing, messages, simulation
	@$(BIN)/python benchmarks/path.py
	@$(BIN)/python benchmarks/framing.py
	@$(BIN)/python benchmarks/messages.py
	@$(BIN)/python benchmarks/simulation.py

clean:  ## remove what the other verbs made
	rm -rf $(VENV) $(BENCH) $(COMPILED_VENV) $(COMPILED_RUN) .mypy_cache .ruff_cache .pytest_cache \
		.hypothesis .coverage htmlcov
