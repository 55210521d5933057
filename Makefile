# `make demo` shows the main job in two minutes, `make reproduce` runs all studies with their scoreboard, `make test` is
# everything that CI runs, `make check` what of it is quick, `make exhaustive` more; all set up .venv first.

VENV := .venv
BIN := $(VENV)/bin
# A shim may exist and fail, so every candidate is run; set PYTHON to name one.
CANDIDATES := $(PYTHON) python3.13 python3.12 python3 python $(wildcard $(HOME)/.pyenv/versions/3.1[2-9]*/bin/python3)
PROBE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))

.PHONY: demo reproduce test check exhaustive lint package docs readme errata reference mutations protocol benchmarks clean

demo: $(VENV)/.installed
	$(BIN)/nnqft demo --out results

reproduce: $(VENV)/.installed
	$(BIN)/nnqft reproduce --out results

test: $(VENV)/.installed-dev lint
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(MAKE) package

# The inner loop: a minute on two cores.
check: $(VENV)/.installed-dev lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not exhaustive"

# What the suite leaves out: the rest of every matrix of cards, verbs and laws. Before a release, and when a law changes.
exhaustive: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m exhaustive

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

# sdist -> wheel -> an environment of its own, and the program run from the root of the file system.
package: $(VENV)/.installed-dev
	rm -rf build/package
	$(BIN)/python -m build --quiet --outdir build/package/dist
	$(BIN)/python -m venv build/package/venv
	build/package/venv/bin/python -m pip install --quiet --constraint constraints.txt build/package/dist/*.whl
	cd / && "$(CURDIR)/build/package/venv/bin/nnqft" list
	cd / && "$(CURDIR)/build/package/venv/bin/nnqft" correlators cos_net --set width=10 --draws 1000 \
		--out "$(CURDIR)/build/package/table.parquet"

# The site, build/site/index.html, with the atlas: every warning is an error, every example of the gallery runs. Offline.
docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group docs
	$(BIN)/nnqft atlas --out build/extra/atlas
	MPLBACKEND=Agg $(BIN)/sphinx-build -W --keep-going --quiet -b html docs/site build/site

readme: $(VENV)/.installed
	$(BIN)/python -m nnqft_ppl.catalogue README.md

errata: $(VENV)/.installed
	$(BIN)/python -m nnqft_ppl.studies.printed_forms docs/ERRATA.md

# The reference posteriors of cards that have none yet; CARDS="cos_net line" makes those anew.
reference: $(VENV)/.installed
	$(BIN)/python -m nnqft_ppl.checks.truth $(CARDS)

# Plant an error in every card, in its draws and in each of its closed forms: ten minutes to half an hour.
mutations: $(VENV)/.installed-dev
	$(BIN)/python tests/mutations.py docs/MUTATIONS.md

# Every verb of every kind of theory: three minutes.
protocol: $(VENV)/.installed-dev
	$(BIN)/python tests/protocol.py docs/PROTOCOL.md

benchmarks: $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group benchmarks
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/posterior.py
	$(BIN)/python benchmarks/modes.py
	$(BIN)/python benchmarks/sweeps.py
	$(BIN)/python benchmarks/interacting.py

$(VENV)/bin/python:
	@for candidate in $(CANDIDATES); do \
		if "$$candidate" -c "$(PROBE)" >/dev/null 2>&1; then \
			echo "using $$candidate"; exec "$$candidate" -m venv $(VENV); \
		fi; \
	done; \
	echo "nnqft_ppl needs Python 3.12 or newer with venv; tried: $(CANDIDATES). Name one: make PYTHON=/path/to/python3" >&2; \
	exit 1

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

clean:
	rm -rf $(VENV) build dist results
