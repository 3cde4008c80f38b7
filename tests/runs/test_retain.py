"""attention.retain: what a run keeps of its weights, and that all else is the same without them."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.attention import RETAIN
from pipeline.base.errors import UserError
from pipeline.config.schema.config import Config
from pipeline.run import draw, run
from pipeline.run import read as reading
from tests.command import Said, compare, pipeline, read_csv

ConfigOf = Callable[..., Config]
PLAIN = ("embeddings=gaussian", "embeddings.width=16", "projection=random", "projection.heads=2")
LESS = pytest.mark.parametrize("retain", [retain for retain in RETAIN if retain != "full"])
EQUAL = ("metrics.csv", "keys.csv", "embeddings.csv", "summary.json")


def text_of(count: int) -> str:
    """That many words, some of them more than once."""
    return " ".join(f"w{k % 97}" for k in range(count))


def made(tmp: Path, count: int, *overrides: str) -> Path:
    """The folder of a run over a file of so many words."""
    (tmp / "words.txt").write_text(text_of(count) + "\n", encoding="utf-8")
    said = pipeline(
        "sentences=file", f"sentences.path={tmp}/words.txt", *PLAIN, f"outputs={tmp}/out",
        *overrides,
    )  # fmt: skip
    assert (said.code, said.err) == (0, "")
    return said.folder


@pytest.mark.parametrize(("retain", "mask"), [("top_k", "none"), ("none", "causal")])
def test_all_but_the_weights_is_the_same_to_the_last_byte(
    tmp_path: Path, retain: str, mask: str
) -> None:
    """At 512 tokens, where blocks of rows are shared by threads."""
    plots = "plots=[heatmap,entropy,key_mass]"
    full, less = (
        made(tmp_path, 512, plots, f"attention.mask={mask}", f"attention.retain={k}")
        for k in ("full", retain)
    )
    names = [*EQUAL, *(f"figures/{p.name}" for p in (full / "figures").iterdir())]
    assert len(names) == len(EQUAL) + 6
    for name in names:
        assert (full / name).read_bytes() == (less / name).read_bytes(), name


def test_top_k_writes_the_largest_of_every_row_as_full_writes_them(tmp_path: Path) -> None:
    overrides = ("plots=[]", "attention.mask=causal", "attention.retain_k=3")
    full, top = (made(tmp_path, 30, *overrides, f"attention.retain={k}") for k in ("full", "top_k"))
    rows, kept = read_csv(full / "weights.csv"), read_csv(top / "weights.csv")
    place = ("head", "query_position")
    groups = itertools.groupby(rows, key=lambda row: [row[name] for name in place])
    expected = []
    for (_, query), group in groups:
        seen = [row for row in group if int(row["key_position"]) <= int(query)]
        best = sorted(seen, key=lambda row: -float(row["weight"]))[:3]  # stable: ties to the first
        expected += [row for row in seen if row in best]
    assert kept == expected


def test_none_writes_the_header_alone(tmp_path: Path) -> None:
    folder = made(tmp_path, 5, "plots=[]", "attention.retain=none")
    assert (folder / "weights.csv").read_text("utf-8") == (
        "sentence,layer,head,query_position,query,key_position,key,weight\n"
    )


def test_a_sentence_of_no_more_than_256_tokens_has_its_own_heatmap(config_of: ConfigOf) -> None:
    def drawn(retain: str) -> Callable[[], object]:
        config = config_of("attention.mask=causal", f"attention.retain={retain}", "plots=[heatmap]")
        ((_, drawing),) = draw(run(config), config)
        return lambda: (drawing.table.columns, drawing.table.rows)

    assert drawn("none")() == drawn("full")() == drawn("top_k")()


# --- what is said without weights --------------------------------------------------------------


def said_of(retain: str, tmp: Path, *overrides: str) -> Said:
    """The default run with less kept."""
    return pipeline(f"attention.retain={retain}", "plots=[]", f"outputs={tmp}", *overrides)


def test_the_terminal_says_in_one_line_why_there_is_no_table(tmp_path: Path) -> None:
    for retain, line in (
        ("none", "no weights kept (attention.retain=none); see metrics.csv and keys.csv"),
        ("top_k", "weights.csv has the 3 largest of every row (attention.retain=top_k)"),
    ):  # fmt: skip
        out = said_of(retain, tmp_path, "attention.retain_k=3").out
        assert line in out.splitlines()
        assert "Weights of" not in out


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "- **Os** gives itself 0.29; the largest weights go to Os (0.29), pinguins (0.18)."),
        ("pt", "- **Os** dá a si 0,29; os maiores pesos vão para Os (0,29), pinguins (0,18)."),
    ],
)
def test_the_reading_tells_the_largest_weights(
    config_of: ConfigOf, language: str, line: str
) -> None:
    config = config_of(f"language={language}", "attention.retain=top_k", "attention.retain_k=2")
    text = reading(run(config), config)
    assert line in text.splitlines()
    assert "attention.retain=top_k" in text


@pytest.mark.parametrize("language", ["en", "pt"])
def test_the_reading_says_why_it_reads_no_row(config_of: ConfigOf, language: str) -> None:
    config = config_of(f"language={language}", "attention.retain=none")
    text = reading(run(config), config)
    assert "attention.retain=none" in text
    assert "**Os**" not in text


@pytest.mark.parametrize("retain", RETAIN)
def test_notices_need_no_weights(config_of: ConfigOf, retain: str) -> None:
    silent = "[[1,1,1,1,1],[0,0,0,0,0],[1,1,1,1,1],[0,0,0,0,0],[1,1,1,1,1]]"
    wide = ("embeddings=gaussian", "embeddings.width=256", "attention.scale=none")
    mask = f"attention.mask={{matrix:{{values:{silent}}}}}"
    nothing, itself = run(config_of(mask, *wide, f"attention.retain={retain}")).notices
    assert nothing.startswith("pinguins: 2 of 5 queries have every key masked")
    assert itself.startswith("pinguins: the weights are nearly the identity")


def test_compare_says_that_the_weights_were_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    full, less = said_of("full", tmp_path).folder, said_of("top_k", tmp_path).folder
    for pair in ((full, less), (less, full)):
        said = compare(*pair)
        assert (said.code, said.err) == (0, "")
        assert (
            f"Weights not subtracted: {less.name} has attention.retain=top_k, and only "
            "attention.retain=full keeps them all."
        ) in said.out.splitlines()


# --- memory ------------------------------------------------------------------------------------


def test_full_is_refused_before_it_would_not_fit(
    config_of: ConfigOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two heads of 3000 × 3000 weights are 144 MB, of 1000 × 1000 another 16."""
    words = f"sentences.text=[{text_of(3000)},{text_of(1000)}]"
    monkeypatch.setattr("pipeline.runs.prepare.available", lambda: 100_000_000)
    with pytest.raises(UserError) as caught:
        run(config_of(*PLAIN, words, "plots=[]"))
    assert str(caught.value) == (
        "attention.retain: got 'full', which would hold 0.16 GB of weights in 0.10 GB of free "
        "memory (pinguins-1 alone has 0.14 GB); expected top_k or none, which hold no N × M weights"
    )
    assert run(config_of(*PLAIN, words, "plots=[]", "attention.retain=none")).layers
    with pytest.raises(UserError, match=r"would hold 0\.64 GB of weights .*alone has 0\.58 GB"):
        run(config_of(*PLAIN, words, "plots=[]", "metrics=[rollout_self]"))


@pytest.mark.slow
@pytest.mark.parametrize("retain", ["none", "top_k"])
def test_memory_does_not_grow_with_the_weights(config_of: ConfigOf, retain: str) -> None:
    """8,192 tokens, two heads: the weights would be 1.07 GB; all that is held stays far below."""
    words = f"sentences.text={text_of(8192)}"
    config = config_of(
        *PLAIN, words, "plots=[heatmap,entropy,key_mass]", f"attention.retain={retain}"
    )
    tracemalloc.start()
    try:
        result = run(config)
        drawn = list(draw(result, config))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(drawn) == 3
    assert result.layers[0].metrics.rows["entropy"].shape == (2, 8192)
    assert np.isfinite(result.scalars["entropy"])
    assert peak < 0.3 * 2 * 8192**2 * 8
