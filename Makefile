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
	@LOCK_ARGS='$(ARGS)' PYTHON='$(PYTHON)' sh -c "$$LOCK"

clean: ## remove .venv and the caches; outputs/ stays as it is
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . \( -path ./outputs -o -path ./.git \) -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +

help: ## this list
	@awk "$$HELP" Makefile

$(LAYERS:%=setup-%): setup-%:
	@LAYER=$* PYTHON='$(PYTHON)' ASKED='$(filter-out file,$(origin PYTHON))' \
	    GOALS='$(or $(MAKECMDGOALS),setup)' sh -c "$$SETUP"

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
    print "  PYTHON       the interpreter .venv is made with: 3.11, 3.12 or 3.13 (python3)"
}
endef
export HELP

# .venv is made of layers: base (requirements.lock), and the extras on top of it. A layer's stamp is
# a copy of the lock it was installed from, written last, so that content decides and not times.
define SETUP
set -eu
stamps=.venv/locks
lock_of() { case $$1 in base) echo requirements.lock ;; *) echo requirements-$$1.lock ;; esac; }

# Nothing to do, the usual case: found out without starting Python.
lock=$$(lock_of $$LAYER)
same() { cmp -s "$$1" "$$stamps/$$2" 2>/dev/null; }
rebuild=
[ -x .venv/bin/python ] && [ ! -e $$stamps/unfinished ] || rebuild=yes
same requirements-build.lock build && same requirements.lock base || rebuild=yes
if [ -e $$stamps/$$LAYER ]; then same $$lock $$LAYER || rebuild=yes; fi
made=$$(sed -n 's/^version = \([0-9]*\.[0-9]*\).*/\1/p' .venv/pyvenv.cfg 2>/dev/null || true)
if [ "$${PYTHON##*/}" = "python$$made" ]; then ASKED=; fi
if [ -z "$$rebuild$$ASKED" ] && [ -e $$stamps/$$LAYER ]; then exit 0; fi

say() { printf '%s\n' "$$*" >&2; }

# ask PYTHON: its version, whether it can make a .venv, and its path (outside any .venv).
probe='import sys
sys.stdout.write("%d.%d.%d " % sys.version_info[:3])
from importlib.util import find_spec
print(all(map(find_spec, ("venv", "ensurepip"))), getattr(sys, "_base_executable", sys.executable))'
ask() { "$$1" -c "$$probe" 2>/dev/null </dev/null || echo none; }
fits() { case $$1 in 3.1[123].*) true ;; *) false ;; esac; }
whole() { case $$1 in *" True "*) true ;; *) false ;; esac; }

# usual: the version that this system's own packages have. install MINOR: how to get it.
case $$(uname -s)-$$([ -r /etc/os-release ] && . /etc/os-release && echo "$${ID:-}$${VERSION_ID:-}") in
    Linux-debian12) usual=3.11 ;;
    Linux-debian* | Darwin*) usual=3.13 ;;
    *) usual=3.12 ;;
esac
install() {
    case $$(uname -s) in
        Darwin) echo "brew install python@$$1" ;;
        *) echo "sudo apt install python$$1 python$$1-venv" ;;
    esac
}
# refuse FAULT MINOR: one line, with what to install and how to choose an interpreter.
refuse() {
    for other in python3.13 python3.12 python3.11; do
        answer=$$(ask $$other)
        if fits "$$answer" && whole "$$answer"; then
            say "$$1: $$(install $$2), or choose the $$other that is here: PYTHON=$$other make $$GOALS"
            exit 2
        fi
    done
    say "$$1: $$(install $$2), then PYTHON=python$$2 make $$GOALS"
    exit 2
}
if [ -n "$$ASKED$$rebuild" ]; then
    answer=$$(ask "$$PYTHON")
    version=$${answer%% *}
    minor=$${version%.*}
    needs="Attention Lab needs Python 3.11, 3.12 or 3.13"
    [ "$$answer" != none ] || refuse "$$PYTHON does not run, and $$needs" $$usual
    fits "$$answer" || refuse "$$PYTHON is $$version, and $$needs" $$usual
    whole "$$answer" || refuse "$$PYTHON ($$version) lacks venv or ensurepip" $$minor
    [ "$$made" = "$$minor" ] || rebuild=yes
    if [ -z "$$rebuild" ] && [ -e $$stamps/$$LAYER ]; then exit 0; fi
fi

pip() { .venv/bin/python -m pip -qq --disable-pip-version-check --no-input "$$@" >&2; }
packages() { ls .venv/lib/python*/site-packages; }
# antlr4-python3-runtime is the one package without a wheel: it is built with the locked setuptools.
add() {
    before=$$(packages)
    : >$$stamps/unfinished
    status=0
    pip install --no-user --require-hashes --no-build-isolation --use-pep517 --only-binary :all: \
        --no-binary antlr4-python3-runtime -r $$2 || status=$$?
    if [ $$status -ne 0 ]; then
        # pip changes nothing before it has fetched everything: if so, the layers below are whole.
        if [ "$$before" = "$$(packages)" ]; then rm -f $$stamps/unfinished; fi
        say "pip could not install $$2 (see above); the next make tries again"
        exit 1
    fi
    cp $$2 $$stamps/part
    mv $$stamps/part $$stamps/$$1
    rm -f $$stamps/unfinished
}
if [ -n "$$rebuild" ]; then
    had=
    for layer in dev glove cluster browser; do if [ -e $$stamps/$$layer ]; then had="$$had $$layer"; fi; done
    say "Setting up .venv with Python $$version (once; about a minute) …"
    rm -rf .venv
    "$${answer#* * }" -m venv .venv >&2 || {
        rm -rf .venv
        say "$$PYTHON could not make .venv"
        exit 1
    }
    mkdir $$stamps
    # The checkout on the path, relative to site-packages, so that it may be moved.
    for site in .venv/lib/python*/site-packages; do echo ../../../.. >$$site/attention_lab.pth; done
    add build requirements-build.lock
    add base requirements.lock
    for layer in $$had; do [ $$layer = $$LAYER ] || add $$layer requirements-$$layer.lock; done
fi
if [ ! -e $$stamps/$$LAYER ]; then
    if [ -z "$$rebuild" ]; then say "Adding $$lock to .venv (once) …"; fi
    add $$LAYER $$lock
fi
endef
export SETUP

# One resolution of everything, from which each lock takes its part: the same versions in all.
# uv is fetched for this alone, into a folder that goes away.
define LOCK
set -eu
dir=$$(mktemp -d)
trap 'rm -rf "$$dir"' EXIT
trap 'exit 130' HUP INT TERM
"$$PYTHON" -m venv "$$dir/venv"
"$$dir/venv/bin/python" -m pip install -qq --disable-pip-version-check uv >&2
lock() {
    output=$$1
    shift
    "$$dir/venv/bin/uv" pip compile --quiet --no-config --universal --python-version 3.11 \
        --fork-strategy fewest --generate-hashes --custom-compile-command "make lock" \
        -o $$output "$$@"
}
cat requirements.lock requirements-*.lock >"$$dir/all" 2>/dev/null || true
lock "$$dir/all" pyproject.toml --all-extras $$LOCK_ARGS
cp requirements-build.lock "$$dir/build" 2>/dev/null || true
echo "setuptools>=80" >"$$dir/build.in"
(cd "$$dir" && lock build build.in $$LOCK_ARGS)
sed '/# via/d' "$$dir/build" >requirements-build.lock
for extra in "" dev glove cluster browser; do
    output=requirements$${extra:+-$$extra}.lock
    cp "$$dir/all" $$output
    lock $$output pyproject.toml $${extra:+--extra $$extra}
done
endef
export LOCK
