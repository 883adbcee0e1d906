# Two commands matter: `make demo` sets everything up and runs the main job, `make test` sets everything up and tests it.
.PHONY: setup demo test check bench pictures fmt

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= $(shell expr $$(nproc) + 1) # one more than cores: a test that waits leaves its core to another

setup: ## Python packages into .venv, and what the demo needs from the system
	@sh server/deploy/setup.sh run

demo: setup ## a whole lab on simulated hardware, with the live board in the browser
	@$(BIN)/prolab demo

test: ## everything, with a real broker, a real PostgreSQL and a real browser
	@sh server/deploy/setup.sh test
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(ARGS)

check: ## style, types and who may import whom
	@sh server/deploy/setup.sh check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: ## measures and prints; asserts nothing
	@sh server/deploy/setup.sh test
	@$(BIN)/python -m tests.bench $(ARGS)

pictures: ## the pictures of the README, taken from a running demo
	@sh server/deploy/setup.sh test
	@$(BIN)/python -m tests.pictures

fmt:
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .
