# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
# The commands of the README; `make` alone lists them.

SHELL := bash
BIN := .venv/bin
# Traffic of demo and tests stays on this machine.
export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST
# A test that lacks ROS or a browser here is a failure, not a skip.
REQUIRED := HVD_REQUIRE_ROS=1 HVD_REQUIRE_BROWSER=1
PYTEST = $(BIN)/python -m pytest
# A test that meets real time gets a second try, and says so: the machine may be somebody else's for a moment.
AGAIN := --reruns 1

.DEFAULT_GOAL := help
.PHONY: help setup demo loop test test-fast test-guards lint lock clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## make or refresh .venv (a second when nothing changed)
	@tools/setup.sh

demo: setup ## a simulated robot, teleoperated through the whole command path
	@$(BIN)/hvd demo

loop: setup ## the robot learns a task from demonstrations and faults; the same command goes on
	@$(BIN)/hvd loop

test: setup ## every test; those of the whole graph alone, and slower than life where the computer is too slow
	@$(REQUIRED) $(PYTEST) $(AGAIN) -n 2 -m 'not launch' test
	@$(REQUIRED) $(BIN)/python -m test.launch.pace -m launch test
	@tools/test_312.sh

test-fast: setup ## core and drivers only, without ROS, under a minute
	@$(PYTEST) -n 2 -m 'not ros and not slow' test/core test/drivers

test-guards: setup ## remove each guard in turn and see its test fail
	@$(BIN)/python test/mutate_guards.py

lint: setup ## style, format, types and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/codespell

lock: setup ## resolve requirements/*.in into the pinned lists
	@$(BIN)/python requirements/lock.py

clean: ## remove what setup and the builds made
	@if [ -L .venv ]; then rm -rf "$$(dirname "$$(readlink .venv)")"; fi
	@rm -rf .venv build install log dist .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
