# `make` alone lists what there is. Written for GNU make 3.81 (macOS's) and a POSIX shell; the shell
# of the set-up stands in full below, in `define SETUP`.

PYTHON     ?= python3
EXPERIMENT ?= ablation
PY         := .venv/bin/python
LAYERS     := base dev glove cluster browser
comma      := ,
EXTRA_LAYERS := $(subst $(comma), ,$(EXTRAS))
ifneq ($(filter-out $(LAYERS),$(EXTRA_LAYERS)),)
$(error EXTRAS=$(EXTRAS): choose from $(filter-out base,$(LAYERS)))
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run sweep plan compare test test-marked test-browser test-oracle test-all lint bench docs setup lock clean
.PHONY: $(LAYERS:%=setup-%)

##@ Experiments
run: setup ## one run: make run ARGS="attention.temperature=2"
	@set -f; $(PY) -m pipeline $(ARGS)

sweep: setup ## a grid of runs: make sweep EXPERIMENT=no_scaling; what is missing of one: RESUME=latest
	@set -f; $(PY) -m pipeline -m $(if $(RESUME),--resume '$(RESUME)','experiment=$(EXPERIMENT)') $(ARGS)

plan: setup ## what that sweep would run, what is done, how long the rest takes; writes nothing
	@set -f; $(PY) -m pipeline -m --plan $(if $(RESUME),--resume '$(RESUME)','experiment=$(EXPERIMENT)') $(ARGS)

compare: setup ## runs side by side: make compare RUNS="outputs/a outputs/b" (else the newest sweep)
	@set -f; $(PY) -m pipeline.compare $(RUNS) $(ARGS)

##@ Development
test: setup-dev ## the tests and the doctests: make test ARGS="-k softmax"
	@$(PY) -m pytest -n auto $(ARGS)

test-marked: setup-dev setup-glove setup-cluster ## the tests left out of that: slow, or in need of an extra
	@$(PY) -m pytest -m "slow or extra" $(ARGS) || { status=$$?; \
	    [ $$status -eq 5 ] && echo "No test is marked slow or extra." || exit $$status; }

test-browser: setup-dev setup-browser ## report.html in a real Chromium, which the system must have
	@$(PY) -m pytest -m browser $(ARGS)

test-oracle: setup-dev ## against onnx, torch and entmax, which it installs (large)
	@cmp -s requirements-oracle.txt .venv/locks/oracle || { \
	    echo "Adding requirements-oracle.txt to .venv (once) …" >&2; \
	    $(PY) -m pip -qq --disable-pip-version-check install -r requirements-oracle.txt >&2 && \
	    cp requirements-oracle.txt .venv/locks/oracle; }
	@$(PY) -m pytest -m oracle $(ARGS)

test-all: test test-marked test-browser test-oracle ## all four

lint: setup-dev ## format, style and types, checked and not changed
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

bench: setup-dev ## how long things take: make bench ARGS="commands sweeps" (else all parts)
	@$(PY) -m tests.bench $(ARGS)

docs: setup ## conf/README.md, the reference of all settings, made anew
	@$(PY) -m pipeline.config.reference

##@ House
setup: setup-base $(EXTRA_LAYERS:%=setup-%) ## .venv from the lock; the others call it: make setup EXTRAS=glove

lock: ## the lock files from pyproject.toml: make lock ARGS=--upgrade for the newest versions
	@PYTHON='$(PYTHON)' sh -c "$$LOCK"

clean: ## remove .venv and the caches; outputs/ stays as it is
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . \( -path ./outputs -o -path ./.git \) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

help: ## this list
	@awk "$$HELP" Makefile

$(LAYERS:%=setup-%): setup-%:
	@PYTHON='$(PYTHON)' sh -c "$$SETUP" setup $(subst -base,,requirements-$*.lock)

define HELP
BEGIN {
    FS = ":.*## "
    print "Attention Lab. Usage: make TARGET [NAME=value …]"
}
/^##@ / { printf "\n%s\n", substr($$0, 5) }
/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }
END {
    print "\nNames"
    print "  ARGS         handed on to the program: any Hydra override, or options of pytest"
    print "  EXPERIMENT   a YAML of experiments/ (ablation)"
    print "  RESUME       the folder of a sweep to go on with, or latest"
    print "  RUNS         folders of runs or sweeps, globs, latest:2 (the newest sweep)"
    print "  EXTRAS       glove: the real GloVe vectors, 76 MB; cluster: Dask and Slurm;"
    print "               browser: for the tests of report.html; several with commas between"
    print "  PYTHON       what a new .venv is made with: 3.11, 3.12 or 3.13 (python3); to change it,"
    print "               make clean first"
}
endef
export HELP

# .venv is made of layers, one lock file each: the build lock, the base, then extras. The stamp of a
# layer is a copy of its lock (content decides, not times), and empty while pip works on the layer.
define SETUP
set -eu
lock=$$1
layers=$$lock
rebuild=
same() { cmp -s "$$1" ".venv/locks/$$1"; }
[ -x .venv/bin/python ] && same requirements-build.lock && same requirements.lock || rebuild=yes
[ ! -e ".venv/locks/$$lock" ] || same "$$lock" || rebuild=yes

if [ "$$rebuild" ]; then
    probe='import sys; print("%d.%d" % sys.version_info[:2]); import venv, ensurepip'
    version=$$("$$PYTHON" -c "$$probe" 2>/dev/null) || version="$${version:+$$version without venv}"
    case $$version in 3.11 | 3.12 | 3.13) ;; *)
        echo "Attention Lab needs Python 3.11, 3.12 or 3.13 with venv, and $$PYTHON is" \
            "$${version:-not there}: install one (Debian: python3-venv too)," \
            "then PYTHON=python3.12 make $(MAKECMDGOALS)" >&2
        exit 2
    esac
    echo "Making .venv with Python $$version (once; about a minute) …" >&2
    layers="requirements-build.lock requirements.lock $$lock"
    for extra in requirements-*.lock; do
        [ ! -e ".venv/locks/$$extra" ] || layers="$$layers $$extra"
    done
    rm -rf .venv/locks
    "$$PYTHON" -m venv --clear .venv >&2
    mkdir .venv/locks
    (cd ./.venv/locks && touch $$layers)
    # The checkout on the path, relative to site-packages, so that it may be moved.
    (cd ./.venv/lib/python*/site-packages && echo ../../../.. >attention_lab.pth)
fi

for layer in $$layers; do
    same "$$layer" && continue
    echo "Installing $$layer into .venv (once) …" >&2
    packages=$$(ls .venv/lib/python*/site-packages)
    : >".venv/locks/$$layer"
    # antlr4-python3-runtime alone has no wheel: it is built with the locked setuptools.
    .venv/bin/python -m pip -qq --disable-pip-version-check --no-input install --no-user \
        --require-hashes --no-build-isolation --use-pep517 --only-binary :all: \
        --no-binary antlr4-python3-runtime -r "$$layer" >&2 || {
        # An extra of which nothing was installed is merely absent; otherwise the stamp stays empty.
        [ "$$packages" != "$$(ls .venv/lib/python*/site-packages)" ] || rm ".venv/locks/$$layer"
        echo "pip could not install $$layer (see above); the next make tries again" >&2
        exit 1
    }
    cp "$$layer" .venv/locks
done
endef
export SETUP

# One resolution of everything, from which each lock takes its part: the same versions in all.
# uv is fetched for this alone, into a folder that goes away.
define LOCK
set -eu
dir=$$(mktemp -d)
trap 'rm -rf "$$dir"' EXIT
trap 'exit 130' INT TERM
"$$PYTHON" -m venv "$$dir"
"$$dir/bin/python" -m pip -qq --disable-pip-version-check install uv >&2
compile() {
    "$$dir/bin/uv" pip compile -q --no-config --universal --python-version 3.11 --generate-hashes \
        --fork-strategy fewest --custom-compile-command "make lock" "$$@"
}
cat requirements*.lock >"$$dir/all"
compile pyproject.toml --all-extras -o "$$dir/all" $(ARGS)
echo "setuptools>=80" | compile - --no-annotate -o requirements-build.lock $(ARGS)
for extra in "" dev glove cluster browser; do
    cp "$$dir/all" requirements$${extra:+-$$extra}.lock
    compile pyproject.toml $${extra:+--extra $$extra} -o requirements$${extra:+-$$extra}.lock
done
endef
export LOCK
