# `make render` sets up, renders a library and builds its site; `make test` sets up and tests. Nothing else is needed.

PYTHON  ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
LIBRARY ?= libraries/default.toml
SITE    ?= site
# Where pip looks for torch; set it to the address of PyTorch's CPU wheels on a machine without a GPU, to
# download 0.2 GB instead of several.
TORCH_INDEX ?=
# How many tests run side by side.
JOBS ?= 2

PIP   := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
TORCH := $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX),)

.PHONY: setup setup-dev render site test check lint model clean

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Babelgen needs Python 3.11 or newer; say PYTHON=python3.11, for example."; exit 1; }
	@echo "Setting up in $(VENV) (once; torch is large) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) $(TORCH) torch
	@$(PIP) --editable .
	@touch $@

setup-dev: $(VENV)/ready-dev

$(VENV)/ready-dev: $(VENV)/ready
	@echo "Adding the tools for tests ..."
	@$(PIP) --editable '.[dev]'
	@touch $@

render: setup
	@$(BIN)/python render.py render $(LIBRARY)
	@$(BIN)/python render.py site --library library/$(basename $(notdir $(LIBRARY))) --out $(SITE)

site: setup
	@$(BIN)/python render.py site --library library/$(basename $(notdir $(LIBRARY))) --out $(SITE)

test: setup-dev check

check: setup-dev lint
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Train the built-in model, or carry on where training stopped; DEVICE=cuda on a GPU.
DEVICE ?= cpu
model: setup
	$(BIN)/python -m babelgen.diffusion.training --device $(DEVICE)
	$(BIN)/python render.py edition fit mini

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
