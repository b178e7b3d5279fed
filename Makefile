.PHONY: demo test check docs screenshots setup

setup:
	@bash .ci/setup

# The room on a town in motion; without a terminal the same is played to its end and told as JSON.
demo: setup
	@if [ -t 0 ] && [ -t 1 ]; then .venv/bin/gastown-tui demo; else .venv/bin/gastown-tui demo --batch --json; fi

test: setup
	@.venv/bin/python -m pytest -n 2 -q

check:
	@bash .ci/run

docs: setup
	@.venv/bin/python docs/generate.py

screenshots: setup
	@.venv/bin/python screenshots/render.py
