"""The architecture: imports run one way, one room writes to disk, slow packages load late."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pipeline

PACKAGE = Path(pipeline.__file__).parent
# A room imports itself and the rooms before it. `run`, the one module outside a room that is not
# the command, belongs to `runs`.
ROOMS = (
    "base", "attention", "metrics", "plots", "prose", "embed", "model", "train", "laws", "config",
    "store", "runs", "compare", "sweep", "__main__",
)  # fmt: skip
ROOM_OF = {"run": "runs"}
SLOW = {"jinja2", "matplotlib", "seaborn", "pandas", "sklearn", "pyarrow", "joblib", "distributed"}
# Subclasses of what is slow: these modules are themselves imported late, and by one another.
LATE = {"plots.output.agg", "plots.output.cells"}
FORBIDDEN = {"matplotlib.pyplot", "pylab", "torch", "jax", "tensorflow", "onnx"}


def module_name(path: Path) -> str:
    """A file as a module: plots/parts/pca.py is plots.parts.pca, plots/__init__.py is plots."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def executed(node: ast.AST, late: bool = True) -> Iterator[ast.AST]:
    """Everything in a module but what stands under TYPE_CHECKING, and functions if not `late`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if not late and isinstance(child, ast.FunctionDef):
            continue
        yield child
        yield from executed(child, late)


def imports(tree: ast.Module, late: bool = True) -> set[str]:
    """Every module that is imported, and every name that is taken from one, as module.name."""
    found = set()
    for node in executed(tree, late):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


TREES = {
    module_name(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}


def room(module: str) -> str:
    """The room of a module: plots.parts.pca is in plots."""
    first = module.partition(".")[0]
    return ROOM_OF.get(first, first)


def rooms_imported(tree: ast.Module) -> set[str]:
    """The rooms that a module imports from."""
    ours = (name.removeprefix("pipeline.") for name in imports(tree) if name[:9] == "pipeline.")
    return {room(name) for name in ours}


def test_every_module_is_in_a_room() -> None:
    assert {room(module) for module in TREES} <= {"", *ROOMS}


def test_imports_run_one_way() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, tree in TREES.items()
        if module  # pipeline itself lists names of attention
        for other in rooms_imported(tree)
        if other not in ROOMS[: ROOMS.index(room(module)) + 1]
    ]
    assert wrong == []


def test_late_imports_count_and_those_for_types_do_not() -> None:
    tree = ast.parse(
        "if TYPE_CHECKING:\n    from pipeline.sweep import a\n"
        "def f():\n    from pipeline import store\n    import pipeline.plots.registry\n"
    )
    assert rooms_imported(tree) == {"store", "plots"}
    assert imports(tree, late=False) == set()


def test_slow_packages_are_imported_late() -> None:
    """So that a command waits only for those that it needs."""
    early = {module: imports(tree, late=False) for module, tree in TREES.items()}
    wrong = [
        f"{module} imports {name}"
        for module, names in early.items()
        if module not in LATE
        for name in names
        if name.partition(".")[0] in SLOW or name.removeprefix("pipeline.") in LATE
    ]
    assert wrong == []


def test_no_module_imports_pyplot_or_a_deep_learning_framework() -> None:
    for module, tree in TREES.items():
        names = imports(tree)
        assert not names & FORBIDDEN, module
        assert not {name.partition(".")[0] for name in names} & FORBIDDEN, module


WRITING = {
    "write_text", "write_bytes", "mkdir", "rmdir", "unlink", "rename", "touch", "rmtree",
    "makedirs", "remove", "symlink_to", "copy", "copyfile", "move", "tofile", "save", "savez",
    "savetxt", "to_csv", "fsync",
}  # fmt: skip
ALLOWED = {
    "config.reference.__main__": {"write_text"},  # make docs, which writes conf/README.md
    "sweep.engines.local": {"open"},  # memory shared with a worker, through a temporary file
}


def writing_calls(tree: ast.AST) -> set[str]:
    """Names of calls that write to disk, and `open` in any mode but reading.

    copy() and remove() without an argument are those of arrays and artists.
    """
    names = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in WRITING and (node.args or called not in ("copy", "remove")):
            names.add(called)
        elif called == "open":
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            texts = [v.value for v in values if isinstance(v, ast.Constant)]
            if any(isinstance(t, str) and set(t) & set("wax+") and len(t) <= 3 for t in texts):
                names.add(called)
    return names


def test_only_the_store_writes_to_disk() -> None:
    for module, tree in TREES.items():
        if room(module) != "store":
            assert writing_calls(tree) <= ALLOWED.get(module, set()), module


def test_writing_calls_are_recognized() -> None:
    store = set().union(*(writing_calls(tree) for m, tree in TREES.items() if room(m) == "store"))
    assert {"write_bytes", "mkdir", "rmtree", "fsync", "open"} <= store
    assert writing_calls(ast.parse("path.open('a')\nopen(x, mode='wb')")) == {"open"}
    assert writing_calls(ast.parse("path.open(encoding='utf-8')\narray.copy()")) == set()


def test_every_module_and_every_public_name_in_it_has_a_docstring() -> None:
    for module, tree in TREES.items():
        assert ast.get_docstring(tree), module
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{module}.{node.name}"
