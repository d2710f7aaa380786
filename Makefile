# SPDX-License-Identifier: Apache-2.0
#
# make demo      set up, then train, quantise, compile and run a network on two emulated boards
# make demo-eyes set up, then train two detectors that wake one another; a page with pictures
# make test      set up, then run the tests and the lint checks
# make test-all  the same with the slow tests
# make setup     system packages (apt), a virtual environment, this package with its tests' tools
# make lint      formatting, types and static checks alone
# make bench     set up, then measure the stock models and rewrite README's table
# make docs      the site into out/site
# make dist      wheel and source archive into out/dist, checked
# make clean     removes what was built; the virtual environment stays

SHELL := /bin/sh
VENV ?= .venv
PYTHON := $(VENV)/bin/python
DEMO_FLAGS ?=
PYTEST_FLAGS ?=
JOBS ?= 2
BENCH_FLAGS ?=

# Tests and demonstrations start hundreds of commands: compiling the package anew in each of them,
# as some containers ask for, would take longer than the commands.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo demo-eyes test test-all setup lint bench docs dist clean

# Site and archives need neither TensorFlow nor a compiler: their tools have a folder of their own.
TOOLS := .cache/tools

demo: setup
	@$(VENV)/bin/mcunet_demo $(DEMO_FLAGS)

demo-eyes: setup
	@$(PYTHON) -m mcunet_tf.cli.demo_eyes $(DEMO_FLAGS)

# The lint takes one core and the start of the tests leaves one idle: they run together, and what
# the lint has to say comes last.
test: setup
	@sh .ci/versions "$(VENV)"
	@mkdir -p .cache; sh .ci/lint "$(VENV)/bin" >.cache/lint.txt 2>&1 & lint=$$!; status=0; \
	$(PYTHON) -m pytest -n $(JOBS) --dist=worksteal $(PYTEST_FLAGS) || status=1; \
	wait $$lint || status=1; cat .cache/lint.txt; exit $$status

test-all:
	@$(MAKE) test PYTEST_FLAGS='-m "" $(PYTEST_FLAGS)'

setup:
	@VENV="$(VENV)" sh .ci/setup

lint: setup
	@sh .ci/lint "$(VENV)/bin"

bench: setup
	@$(PYTHON) -m mcunet_tf.cli.readme_table $(BENCH_FLAGS)

docs:
	@python3 -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install -q '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(TOOLS)/bin/python -m mkdocs build -q

dist:
	@python3 -m venv $(TOOLS)
	@$(TOOLS)/bin/pip install -q build twine
	@rm -rf out/dist
	@$(TOOLS)/bin/python -m build -o out/dist .
	@$(TOOLS)/bin/twine check --strict out/dist/*

clean:
	rm -rf .cache out *.egg-info .hypothesis
