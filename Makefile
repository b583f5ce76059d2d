# Everything happens in .venv; a second run costs only the work itself.

PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
DEMO := build/demo/survey.csv

# What a PDF needs besides Python, as Debian and Ubuntu call it, and whether it is here.
SYSTEM := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-nanum
READY := $(BIN)/python -c 'from divide_index.publication.report.pdf import check; check("가")'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: demo system test test-slow lint types bench lock clean help

demo: system ## simulate a survey, compute its levels and set its report, in Korean
	@mkdir -p $(dir $(DEMO))
	$(BIN)/divide-index simulate --schema example --seed 1 -o $(DEMO) --force
	$(BIN)/divide-index compute $(DEMO) --schema example --lang ko
	$(BIN)/divide-index report $(DEMO) --schema example --lang ko -o build/demo/report.pdf --force

system: $(VENV)/.run ## install what a PDF needs besides Python, if it is missing
	@if $(READY) 2>/dev/null; then exit 0; fi; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo='sudo -n'; \
	install="$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends"; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
	  echo "Installing $(SYSTEM)"; \
	  $$install $(SYSTEM) >/dev/null 2>&1 || { \
	    $$sudo apt-get update -qq; \
	    said=$$($$install $(SYSTEM) 2>&1) || printf '%s\n' "$$said" >&2; \
	  }; \
	fi; \
	said=$$($(READY) 2>&1) || { \
	  printf '%s\n' "$$said" | sed -n '$$s/^[^:]*Error: //p' >&2; \
	  if command -v apt-get >/dev/null; then \
	    echo "Type: sudo apt-get install --no-install-recommends $(SYSTEM)" >&2; \
	  fi; \
	  exit 1; \
	}

test: $(VENV)/.dev ## run the tests; at least 95 % of lines and branches must be covered
	@mkdir -p build && rm -f build/coverage.json
	@$(BIN)/python -W 'ignore:Unable to activate pytest branch' -m slipcover \
	  -m pytest -n auto --dist loadfile --no-loadscope-reorder
	@$(BIN)/python .ci/covered.py build/coverage.json 95

test-slow: $(VENV)/.dev ## run the tests left out of `make test`
	@$(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev ## check layout and style
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check

types: $(VENV)/.dev ## check the types
	@$(BIN)/basedpyright --pythonpath $(BIN)/python

bench: $(VENV)/.run ## time `compute` and `decompose` against importing pandas, the report against WeasyPrint
	@$(BIN)/python benchmarks/compute.py
	@$(BIN)/python benchmarks/decompose.py
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/replication.py
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/report.py

lock: $(VENV)/.made ## write constraints.txt anew
	@echo "Resolving every dependency for Python 3.11 and later"
	@$(PIP) --upgrade --target build/uv uv
	@grep '^#' constraints.txt > build/constraints.txt
	@build/uv/bin/uv pip compile -q --universal --python-version 3.11 --extra dev \
	  --no-header --no-annotate pyproject.toml >> build/constraints.txt
	@mv build/constraints.txt constraints.txt

clean: ## remove .venv and all that was built
	rm -rf $(VENV) build dist .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.made:
	@for python in $(PYTHON) ''; do \
	  $${python:-false} -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11 or later is needed: apt-get install python3 python3-venv, or make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "Python $$version lacks its venv module: apt-get install python$$version-venv" >&2; \
	  exit 1; \
	fi; \
	echo "Creating $(VENV) with Python $$version"; \
	$$python -m venv --clear $(VENV) && touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing divide-index into $(VENV)"
	@$(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Installing divide-index and its development tools into $(VENV)"
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.run $@
