"""The peer: the seed's experiment as a careful newcomer would write it, in one script.

numpy for the mechanism, seaborn for the heatmap, matplotlib for the displacement; no config, no
metrics, no folders of its own.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

TOKENS = ["Os", "pinguins", "não", "tem", "joelho"]
VECTORS = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]], float)


def main(folder: Path) -> None:
    scores = VECTORS @ VECTORS.T / np.sqrt(VECTORS.shape[1])
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    contextual = weights @ VECTORS
    np.savetxt(folder / "weights.csv", weights, delimiter=",")

    plt.figure(figsize=(6, 5))
    sns.heatmap(
        weights, annot=True, fmt=".2f", cmap="viridis", xticklabels=TOKENS, yticklabels=TOKENS
    )
    plt.xlabel("Keys")
    plt.ylabel("Queries")
    plt.tight_layout()
    plt.savefig(folder / "heatmap.png", dpi=144)
    plt.close()

    center = VECTORS.mean(axis=0)
    axes = np.linalg.svd(VECTORS - center)[2][:2]
    start, end = (VECTORS - center) @ axes.T, (contextual - center) @ axes.T
    plt.figure(figsize=(7, 6))
    for token, a, b in zip(TOKENS, start, end, strict=True):
        (line,) = plt.plot([a[0], b[0]], [a[1], b[1]], "--")
        plt.scatter(a[0], a[1], color=line.get_color(), alpha=0.3)
        plt.scatter(b[0], b[1], color=line.get_color())
        plt.annotate(token, b)
    plt.tight_layout()
    plt.savefig(folder / "displacement.png", dpi=144)
    plt.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
