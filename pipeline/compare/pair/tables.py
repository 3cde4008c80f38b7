"""Tables and figures of the difference of two runs."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.base.drawing import Drawing
from pipeline.base.tables import Table
from pipeline.base.threads import single_threaded_blas
from pipeline.compare.pair.difference import Difference
from pipeline.compare.pair.distances import DISTANCES
from pipeline.compare.pair.sentence import SentenceDifference
from pipeline.compare.settings import brief
from pipeline.compare.table import relative_change
from pipeline.plots.of_runs.difference import difference as heatmap
from pipeline.plots.of_runs.paired_displacement import paired_displacement

CAPTION = 56  # characters of the line that says what was changed


def summary_table(found: Difference) -> Table:
    """The changed settings and the metrics as rows, the runs as columns."""
    settings = [(s.name, brief(s.before), brief(s.after), "", "") for s in found.settings]
    metrics = [
        (
            m.name,
            m.before,
            m.after,
            m.after - m.before,
            relative_change(m.after - m.before, m.before),
        )
        for m in found.metrics
    ]
    return Table(("", "baseline", "run", "change", "relative"), [*settings, *metrics])


def row_distances(found: Difference) -> Table:
    """One row per query and head: how far its weights moved, by every distance."""
    columns = (
        "sentence", "layer", "head", "position_before", "position_after", "query", *DISTANCES,
    )  # fmt: skip
    rows = [
        (
            one.name, one.layer, head, one.of_queries.before[i], one.of_queries.after[i], query,
            *(float(values[head, i]) for values in one.distances.values()),
        )
        for one in found.sentences
        for head in range(len(one.before))
        for i, query in enumerate(one.queries)
    ]  # fmt: skip
    return Table(columns, rows)


def largest_changes(found: Difference) -> Table:
    """The weights that moved most, the largest change of each sentence first."""
    columns = ("sentence", "layer", "head", "query", "key", "before", "after", "change")
    rows = [
        (
            one.name, one.layer, head, one.queries[i], one.keys[j],
            *(float(values[head, i, j]) for values in (one.before, one.after, one.change)),
        )
        for one in found.sentences
        for head, i, j in one.moved()
    ]  # fmt: skip
    return Table(columns, rows)


def unpaired_tokens(found: Difference) -> Table:
    """Tokens that only one of the runs has."""
    rows = [
        (one.name, one.layer, lone.run, lone.axis, lone.position, lone.token)
        for one in found.sentences
        for lone in one.unpaired
    ]
    return Table(("sentence", "layer", "run", "axis", "position", "token"), rows)


def caption(found: Difference) -> str:
    """The changed settings in a line, for the pictures."""
    changed = [
        f"{change.name.rpartition('.')[2]} {brief(change.before)} → {brief(change.after)}"
        for change in found.settings
    ]
    kept = [
        c for k, c in enumerate(changed) if len(", ".join(changed[: k + 1])) <= CAPTION or not k
    ]
    left = f" and {len(changed) - len(kept)} more" if len(kept) < len(changed) else ""
    return ", ".join(kept) + left or "the same settings"


def drawings(found: Difference) -> Iterator[tuple[str, Drawing]]:
    """Of each sentence the change of its weights, and where both runs take its tokens."""
    told = caption(found)
    for one in found.sentences:
        name = one.name + (f"_layer_{one.layer}" if one.layer else "")
        yield f"difference_{name}", heatmap(one.change, one.queries, one.keys, told)
        if one.points:
            yield f"displacement_{name}", displacement_drawing(one, told)


@single_threaded_blas
def displacement_drawing(one: SentenceDifference, told: str) -> Drawing:
    """The tokens that both runs have, on one plane."""
    assert one.points
    before, after = one.points
    first, second = list(one.of_queries.before), list(one.of_queries.after)
    own = (before.static[first], after.static[second])
    return paired_displacement(
        one.queries,
        (before.static, after.static),
        None if before.is_cross or after.is_cross else own,
        (before.contextual[first], after.contextual[second]),
        told,
    )
