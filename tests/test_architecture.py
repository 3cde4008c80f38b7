"""The house: imports run one way, one module writes, and everything says what it is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

import pipeline
from pipeline.attention import BIASES, MASKS, NORMALIZERS, QK_NORMS, RETAIN, ROTATIONS, SCALES
from pipeline.config.schema import config as gate
from pipeline.config.schema.config import KINDS_OF, Config
from pipeline.config.schema.section import Section
from pipeline.config.validate import validate
from pipeline.embed import EMBEDDINGS, POSITIONS, SOURCES, UNKNOWN
from pipeline.metrics import METRICS, POOLINGS
from pipeline.model import PROJECTIONS
from pipeline.plots import FORMATS, PLOTS, STYLES
from pipeline.prose.reading import LANGUAGES
from tests.variants import bias_spec, mask_spec

HOUSE = Path(pipeline.__file__).parent
CONF = HOUSE.parent / "conf"
FILES = sorted(HOUSE.rglob("*.py"))
STAGES = ("embed", "attention", "metrics", "plots")
# Below the stages: what anyone may import.
GROUND = ("records", "choose", "faults", "seeds")


def name_of(path: Path) -> str:
    """The file as a module: plots/pca.py is plots.pca, plots/__init__.py is plots."""
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def tree_of(path: Path) -> ast.Module:
    """The file, parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, late imports included, ours without "pipeline."."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name.removeprefix("pipeline.") for name in found}


MODULES = {name_of(path): path for path in FILES}
OURS = {name: imports(path) & (set(MODULES) - {""}) for name, path in MODULES.items()}


def part(module: str) -> str:
    """The room a module is in: plots.pca is in plots."""
    return module.partition(".")[0]


def test_the_house_is_seen_whole() -> None:
    assert {*STAGES, *GROUND, "run", "store", "config", "sweep.plan", "compare.table"} <= set(OURS)
    assert "embed.tokens" in OURS["embed"]


@pytest.mark.parametrize("module", [name for name in MODULES if part(name) in STAGES])
def test_a_stage_imports_itself_and_the_ground_and_nothing_else_of_ours(module: str) -> None:
    assert {part(name) for name in OURS[module]} <= {part(module), *GROUND}


@pytest.mark.parametrize("module", GROUND)
def test_the_ground_knows_nothing_above_it(module: str) -> None:
    assert OURS[module] <= set(GROUND)


def test_records_know_faults_and_faults_know_nothing() -> None:
    assert OURS["faults"] == set()
    assert OURS["records"] <= {"faults"}


def test_the_config_object_stops_at_run() -> None:
    """Who may hold a Config: those that start, plan, run and describe runs, and no stage."""
    holders = {name for name, found in OURS.items() if "config" in found}
    assert {part(name) for name in holders} <= {
        "__main__", "compare", "compose", "perform", "run", "sweep",
    }  # fmt: skip


def test_run_touches_neither_disk_nor_terminal() -> None:
    above = {"store", "terminal", "perform", "compose", "sweep", "compare", "laws"}
    assert not {part(name) for name in OURS["run"]} & above
    assert not {part(name) for name in OURS["store"]} & {"run", "config", "sweep", "compare"}


def test_rooms_never_import_one_another_in_a_circle() -> None:
    rooms: dict[str, set[str]] = {}
    for module, found in OURS.items():
        rooms.setdefault(part(module), set()).update(part(name) for name in found)
    graph = {room: above - {room} for room, above in rooms.items() if room}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


HEAVY = {"jinja2", "matplotlib", "seaborn", "pandas", "sklearn", "pyarrow", "joblib", "distributed"}
# Subclasses of what is heavy: these modules are themselves imported late, and by one another.
LATE = {"plots.agg", "plots.cells"}


def imports_at_the_top(module: str) -> set[str]:
    """What is imported with the module; not what stands under TYPE_CHECKING, which never runs."""
    top = [n for n in tree_of(MODULES[module]).body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = {a.name for n in top if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in top if isinstance(n, ast.ImportFrom)}
    return {name.removeprefix("pipeline.") for name in names}


@pytest.mark.parametrize("module", sorted(set(MODULES) - LATE))
def test_what_takes_long_to_import_is_imported_late(module: str) -> None:
    names = imports_at_the_top(module)
    assert not {name.partition(".")[0] for name in names} & HEAVY
    assert not names & LATE


@pytest.mark.parametrize("module", MODULES)
def test_pyplot_and_deep_learning_are_nowhere(module: str) -> None:
    found = imports(MODULES[module])
    assert not found & {"matplotlib.pyplot", "pylab", "torch", "jax", "tensorflow", "onnx"}


# --- writing -----------------------------------------------------------------------------------

WRITING = {
    "write_text", "write_bytes", "mkdir", "rmdir", "unlink", "rename", "touch", "rmtree",
    "makedirs", "remove", "symlink_to", "copy", "copyfile", "move", "tofile", "save", "savez",
    "savetxt", "to_csv", "fsync",
}  # fmt: skip
# A ledger is appended to, which no other file is; a page of memory is shared through a temporary
# file.
ALLOWED = {"ledger": {"open", "fsync"}, "sweep.engines.local": {"open"}}


def calls_that_write(tree: ast.Module) -> Iterator[str]:
    """Names of calls that write to the disk, and of `open` in any mode but reading.

    copy() and remove() without an argument are an array's and an artist's.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        called = getattr(function, "attr", getattr(function, "id", ""))
        if called in WRITING and (node.args or called not in ("copy", "remove")):
            yield called
        elif called == "open":
            words = [a.value for a in [*node.args, *(k.value for k in node.keywords)]
                     if isinstance(a, ast.Constant)]  # fmt: skip
            if any(isinstance(w, str) and set(w) & set("wax+") and len(w) <= 3 for w in words):
                yield called


@pytest.mark.parametrize("module", [name for name in MODULES if name != "store"])
def test_only_the_store_writes_to_disk(module: str) -> None:
    assert set(calls_that_write(tree_of(MODULES[module]))) <= ALLOWED.get(module, set())


def test_writing_would_be_seen() -> None:
    """The store itself is where the search must find something."""
    found = set(calls_that_write(tree_of(MODULES["store"])))
    assert {"write_bytes", "mkdir", "rmtree"} <= found
    assert set(calls_that_write(ast.parse("path.open('a')\nopen(x, mode='wb')"))) == {"open"}
    assert not set(calls_that_write(ast.parse("path.open(encoding='utf-8')")))


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES)
def test_every_module_and_everything_public_in_it_has_a_docstring(module: str) -> None:
    tree = tree_of(MODULES[module])
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_every_stage_says_its_shapes_or_its_formula() -> None:
    """A numeric function of a dict without [N, …] or a formula could mean anything."""
    for table in (MASKS, NORMALIZERS, POSITIONS):
        for name, function in table.items():
            assert "[" in (inspect.getdoc(function) or ""), name


def sections() -> list[type[Section]]:
    """Every group of settings."""
    return [v for v in vars(gate).values() if isinstance(v, type) and issubclass(v, Section)]


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_setting_has_a_description_and_no_default_but_the_yaml_s(
    section: type[BaseModel],
) -> None:
    for name, field in section.model_fields.items():
        assert field.description, name
        # An experiment's YAML may leave out what it has no need of; all else stands in conf/.
        assert field.is_required() or section.__name__ in ("Law", "Study"), name


# --- the gate ----------------------------------------------------------------------------------


def changed(plain: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy of a configuration with one value set."""
    head, _, rest = place.partition(".")
    return {**plain, head: changed(plain[head], rest, value) if rest else value}


ENTRIES = [
    (place, name, wrap)
    for place, names, wrap in (
        ("attention.scale", SCALES, False),
        ("attention.qk_norm", QK_NORMS, False),
        ("embeddings.positions", POSITIONS, False),
        ("embeddings.unknown", UNKNOWN, False),
        ("language", LANGUAGES, False),
        ("metrics", METRICS, True),
        ("plots", PLOTS, True),
        ("figures.formats", FORMATS, True),
        ("figures.style", STYLES, False),
        ("stages", ("scores", "scaled", "masked"), True),
        ("figures.pooling", POOLINGS, False),
        ("attention.retain", RETAIN, False),
    )
    for name in names
]


@pytest.mark.parametrize(
    ("place", "name", "wrap"), ENTRIES, ids=[f"{p}={n}" for p, n, _ in ENTRIES]
)
def test_every_entry_of_every_dict_passes_the_gate(
    config_of: Callable[..., Config], place: str, name: str, wrap: bool
) -> None:
    plain = config_of().model_dump(mode="json")
    passed: Any = validate(changed(plain, place, [name] if wrap else name))
    for step in place.split("."):
        passed = getattr(passed, step)
    assert passed == ((name,) if wrap else name)


VARIANTS = [
    *(("attention.mask", mask_spec(name, 5)) for name in MASKS),
    *(("attention.bias", bias_spec(name)) for name in BIASES),
    *(("attention.normalizer", name) for name in NORMALIZERS),
    *(("attention.rotation", name) for name in ROTATIONS),
]


@pytest.mark.parametrize(("place", "spec"), VARIANTS, ids=str)
def test_every_variant_passes_the_gate_as_it_was_written(
    config_of: Callable[..., Config], place: str, spec: Any
) -> None:
    plain = config_of().model_dump(mode="json")
    assert getattr(validate(changed(plain, place, spec)).attention, place.split(".")[1]) == spec


@pytest.mark.parametrize("group", ["embeddings", "projection"])
def test_every_kind_has_a_section_in_the_gate_and_a_file_in_conf(
    config_of: Callable[..., Config], group: str
) -> None:
    kinds = set(EMBEDDINGS) if group == "embeddings" else set(PROJECTIONS)
    assert set(KINDS_OF[group]) == kinds
    told = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))["kind"]
        for path in (CONF / group).glob("*.yaml")
    }
    assert set(told.values()) == kinds
    for option, kind in told.items():
        assert getattr(config_of(f"{group}={option}"), group).kind == kind


def test_every_source_of_word_vectors_passes_the_gate(config_of: Callable[..., Config]) -> None:
    for source in SOURCES:
        passed = config_of("embeddings=glove", f"embeddings.source={source}")
        assert passed.embeddings.model_dump()["source"] == source
