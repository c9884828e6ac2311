# Two commands do everything: `make demo` and `make test`. Both set the environment up first, once.

CORES ?= $(shell nproc 2>/dev/null || echo 2)
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint docs lock envs-check clean

demo: .venv/ready
	$(BIN)/snakemake --cores $(CORES)
	@echo "Sites:  results/demo/sites.tsv"
	@echo "Report: results/demo/report.html"

test: .venv/ready
	$(BIN)/python -m pytest -n $(CORES)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint
	PYTHONPATH=workflow/lib $(BIN)/lint-imports
	$(BIN)/mypy

# config/README.md from the schema, and the site of the documentation (site/), in an environment of its own.
docs: .venv/ready
	$(BIN)/python docs/config_reference.py
	$(BIN)/uv run --quiet --no-project --isolated --with-requirements docs/requirements.txt mkdocs build --strict --quiet

# The environment: every transitive version pinned in requirements.txt. uv installs it in a quarter of pip's time.
# Bytecode is compiled here once: where PYTHONDONTWRITEBYTECODE is set, every job would compile torch anew.
.venv/ready: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet "$$(grep '^uv==' requirements.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --requirement requirements.txt
	@touch $@

# Prove that each file in envs/ alone can run its rules (after `make demo`; builds one environment per file).
envs-check: .venv/ready
	$(BIN)/python tests/environments/check.py

# Resolve requirements.in anew.
lock:
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --no-header requirements.in --output-file requirements.txt
	$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --no-header docs/requirements.in --output-file docs/requirements.txt

clean:
	rm -rf .snakemake results logs
