# Everything a user or CI does goes through here. The environment is made on first use and remade
# when the lock changes; nothing but Python, git and the system GL libraries has to be there before.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TASK ?= StartElectricKettle
SEED ?= 1
EPISODES ?= 50
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
READY := $(VENV)/.ready
# The other release line of transformers, for the tests that compare the two. A folder, not an
# environment: a test puts it first on the path of a process of its own.
TRANSFORMERS4 := $(VENV)/transformers4

.DEFAULT_GOAL := help
.PHONY: help install rollout test bench bench-judge bench-planner experts planner-check \
  stack-check tasks-check lock clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 12) else "leapcasa needs Python 3.11 or 3.12; this is %d.%d. Name another with: make PYTHON=python3.11" % v[:2])'
	$(PYTHON) -m venv $(VENV)
	@# pip unpacks in one process: one takes CUDA's libraries, half of all there is, another the rest.
	awk '/^[a-z]/ {part = /^(nvidia-|triton)/ ? "cuda" : "rest"} {print > ("$(VENV)/" part ".lock")}' requirements.lock
	$(PIP) --require-hashes --no-compile -r $(VENV)/cuda.lock & cuda=$$!; \
	  $(PIP) --require-hashes --no-compile -r $(VENV)/rest.lock; rest=$$?; wait $$cuda && exit $$rest
	$(PIP) --editable .
	@# pip would compile in one process. Some packages hold files for other Pythons: they do not count.
	@# What hardly anything imports, a third of it all, Python compiles when it is first imported.
	$(BIN)/python -m compileall -qq -j 0 -x '/tests?/|/transformers/models/|/ray/rllib/' $(VENV)/lib || true
	@touch $@

$(TRANSFORMERS4)/.ready: requirements-transformers4.lock | $(READY)
	rm -rf $(TRANSFORMERS4)
	$(PIP) --require-hashes --no-compile --target $(TRANSFORMERS4) -r $<
	@touch $@

install: $(READY) ## make the environment in .venv

rollout: $(READY) ## the main job: a closed-loop rollout with an annotated video (TASK=StartElectricKettle SEED=1)
	$(BIN)/leapcasa rollout $(TASK) --seed $(SEED) $(ARGS)

test: $(READY) $(TRANSFORMERS4)/.ready ## style, types and the whole test suite
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --threads 2 --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(READY) ## speed and memory beside RoboCasa's wrapper (docs/benchmarks_env.md)
	$(BIN)/python benchmarks/env.py $(ARGS)

bench-judge: $(READY) ## the judge beside the card's procedure (docs/benchmarks_judge*.md)
	$(BIN)/python benchmarks/judge.py speed $(ARGS)
	$(BIN)/python benchmarks/judge.py batches

bench-planner: $(READY) ## the planner's writing beside transformers' generate (docs/benchmarks_planner.md)
	$(BIN)/python benchmarks/planner.py $(ARGS)

experts: $(READY) ## the 60 expert episodes (docs/experts.md)
	$(BIN)/python benchmarks/experts.py --workers 2 $(ARGS)

planner-check: $(READY) ## plan the 58 held-out tasks as the shipped planner's card says
	$(BIN)/leapcasa plan eval --planner leap --config small-planner --out outputs/planner-check \
	  --tasks $$($(BIN)/python -c "import json; print(','.join(json.load(open('agent/weights/held_out.json'))))")
	$(BIN)/python benchmarks/planner_check.py outputs/planner-check/plans.jsonl

stack-check: $(READY) ## preset default again on recorded seeds, beside its card (EPISODES=2)
	rm -rf outputs/stack-check
	for task in StartElectricKettle RinseSinkBasin PrepareDishwasher RotatePan TurnOffSimmeredSauceHeat \
	    TurnOffSinkFaucet CleanBlenderJug NavigateKitchen CloseDrawer OpenDrawer TurnOnStove TurnOffStove SlideDishwasherRack; do \
	  $(BIN)/leapcasa eval $$task --split target --no-video --out outputs/stack-check/$$task \
	    --seeds $$($(BIN)/python benchmarks/stack_check.py --seeds $$task) \
	    --episodes $(EPISODES) $(ARGS) || exit $$?; \
	done
	$(BIN)/python benchmarks/stack_check.py outputs/stack-check/*

tasks-check: $(READY) ## prove every RoboCasa365 task on the stand-in pack (docs/tasks.md)
	$(BIN)/leapcasa tasks --check $(ARGS)
	cp outputs/tasks-check/tasks.md docs/tasks.md

lock: ## resolve the dependencies anew (needs uv)
	uv lock --upgrade
	uv export --frozen --no-emit-project --all-groups --no-annotate --no-header -o requirements.lock
	echo 'transformers>=4.57,<5' | uv pip compile - --upgrade --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet $(foreach name,filelock fsspec hf-xet numpy packaging pyyaml regex safetensors tqdm typing-extensions,--no-emit-package $(name)) -o requirements-transformers4.lock

clean: ## remove the environment and everything built
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
