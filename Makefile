# talops: `make demo` to see it, `make test` to check it. Needs Python 3.11 or newer, PyPI and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo tools tools-env test format lint types imports tests bench lock schema proto clean

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*##\(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: $(VENV)/.demo  ## a rehearsal: upgrade the example cluster, embedded, in a few seconds
	@SOPS_AGE_KEY_FILE=example.agekey $(BIN)/talops rehearse upgrade all

tools: $(VENV)/bin/python  ## the real tools that tests run, each once, into a cache outside the repository
	@$(BIN)/python -m tools.install

tools-env: $(VENV)/bin/python  ## puts them on PATH: eval "$(make -s tools-env)"
	@$(BIN)/python -m tools.install --env

test: format lint types imports tests  ## format, lint, types, import contract and all tests

format: $(VENV)/.test
	$(BIN)/ruff format --check .

lint: $(VENV)/.test
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy

imports: $(VENV)/.test
	$(BIN)/lint-imports --no-cache

tests: $(VENV)/.test
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pytest -n auto

bench: $(VENV)/.test tools  ## measure, and print a table of what is promised
	eval "$$($(MAKE) -s tools-env)" && PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m benchmarks

lock: $(VENV)/.test  ## resolve every dependency anew, exactly
	$(PIP) install uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --extra demo --group test --group proto \
		--upgrade --quiet --no-header --no-annotate --output-file requirements.lock

schema: $(VENV)/.test
	$(BIN)/python -c "from talops.config.policy_model import json_schema; print(json_schema(), end='')" > talops.schema.json

proto: $(VENV)/.demo  ## the messages of the Talos API, anew from their .proto files
	$(PIP) install --constraint requirements.lock --group proto
	cd src && ../$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. talops/sim/network/talos/wire/*.proto

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "talops needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install 'pip>=25.1'

$(VENV)/.demo: pyproject.toml requirements.lock $(VENV)/bin/python
	$(PIP) install --constraint requirements.lock --editable '.[demo]'
	@touch $@

$(VENV)/.test: pyproject.toml requirements.lock $(VENV)/.demo
	$(PIP) install --constraint requirements.lock --group test
	@touch $@
