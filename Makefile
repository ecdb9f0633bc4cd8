# Two commands do all the set-up on a fresh machine: make demo, make test. Everything lives in .venv.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
FACE := notifier/web/staff/static/app.css
READY := $(STAMP) $(FACE)

.PHONY: demo test check bench train figures serve picture screenshots lock reference clean

demo: $(READY)  ## play one school's morning on this machine, and tell its story
	@$(BIN)/notifier demo

test: $(READY)  ## the tests; NOTIFIER_TEST_EVERYTHING=1 adds the long ones and the second engine everywhere
	$(BIN)/python -m pytest -n 3 $(TESTS)

check: $(READY)  ## lint, format, types, import contract, wording and documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/notifier templates check
	$(BIN)/python -m pytest -q tests/unit/test_documentation.py

bench: $(READY)  ## what performance is claimed, measured again
	$(BIN)/python -m bench

train: $(STAMP) .venv/.training  ## teach the model of replies again from training/replies
	$(BIN)/python -m training.train --embeddings

figures: $(STAMP)  ## how well replies are understood, measured again and written into the model card
	$(BIN)/python -m bench.replies --write

serve: $(READY)  ## staff page, webhooks, scheduler and sending in one process
	$(BIN)/notifier serve

picture: $(READY)  ## the picture in the README, from a real run
	$(BIN)/notifier demo --svg docs/images/demo.svg

screenshots: $(READY)  ## pictures of every staff page into var/screenshots, and of those that the documents show into docs
	@$(BIN)/python -m notifier.demo.screenshots --documents docs/images/staff

reference: $(STAMP)  ## write the generated reference pages again
	$(BIN)/python -m notifier.cli.reference

lock: $(STAMP)  ## resolve the dependencies again; the lock holds hashes and no address
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra dev --upgrade pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra training --constraint requirements.txt pyproject.toml --output-file requirements-training.txt

clean:  ## remove what was made here
	rm -rf .venv var build dist frontend/node_modules notifier/web/staff/static .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A bare Debian lacks ensurepip: then the words say what to install.
$(STAMP): requirements.txt requirements-bootstrap.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@# uv is quick; where it cannot reach what pip can (a mirror, own certificates), pip does the same from the same lock
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.txt requirements-bootstrap.txt --python $(BIN)/python \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

# The style sheet and scripts of the staff pages, from pinned npm packages. Without Node 18, one comes from a wheel into .venv.
$(FACE): frontend/package-lock.json frontend/app.scss frontend/app.js frontend/icon.svg frontend/build.py requirements-node.txt | $(STAMP)
	@$(BIN)/python frontend/build.py

# Only teaching needs these; the service reads the numbers without them.
.venv/.training: $(STAMP) requirements-training.txt
	@$(BIN)/uv pip install --quiet --require-hashes -r requirements-training.txt --python $(BIN)/python
	@touch $@
