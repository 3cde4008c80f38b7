"""The peer of the sweeps: the seed's experiment as a careful newcomer to Hydra would write it.

`@hydra.main` with its basic launcher, pandas for the CSVs, seaborn for the heatmap, scikit-learn
for the plane of the displacement. The same sentence, files and figures as this project's.
"""

import json
from pathlib import Path

import hydra
import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from sklearn.decomposition import PCA

TOKENS = ["Os", "pinguins", "não", "tem", "joelho"]
VECTORS = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]], float)


@hydra.main(version_base="1.3", config_path=".", config_name="stock_hydra")
def main(config: DictConfig) -> None:
    folder = Path(HydraConfig.get().runtime.output_dir)
    scores = VECTORS @ VECTORS.T
    if config.scale:
        scores = scores / np.sqrt(VECTORS.shape[1])
    scores = config.softcap * np.tanh(scores / config.temperature / config.softcap)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    contextual = weights @ VECTORS
    save_tables(folder, weights, contextual)
    if config.figures:
        caption = f"T = {config.temperature}, softcap {config.softcap}"
        save_heatmap(folder / "heatmap.png", weights, caption)
        save_displacement(folder / "displacement.png", contextual, caption)


def save_tables(folder: Path, weights: np.ndarray, contextual: np.ndarray) -> None:
    pairs = [(q, k, weights[i, j]) for i, q in enumerate(TOKENS) for j, k in enumerate(TOKENS)]
    pd.DataFrame(pairs, columns=["query", "key", "weight"]).to_csv(
        folder / "weights.csv", index=False
    )
    metrics = pd.DataFrame(
        {
            "query": TOKENS,
            "entropy": -(weights * np.log(weights)).sum(axis=1),
            "max_weight": weights.max(axis=1),
            "self_weight": weights.diagonal(),
            "displacement": np.linalg.norm(contextual - VECTORS, axis=1),
        }
    )
    metrics.to_csv(folder / "metrics.csv", index=False)
    means = {name: float(column.mean()) for name, column in metrics.drop(columns="query").items()}
    (folder / "summary.json").write_text(json.dumps(means, indent=2))
    vectors = pd.DataFrame(np.vstack([VECTORS, contextual]), columns=["x0", "x1", "x2", "x3"])
    vectors.insert(0, "token", TOKENS * 2)
    vectors.insert(1, "embedding", ["static"] * 5 + ["contextual"] * 5)
    vectors.to_csv(folder / "embeddings.csv", index=False)


def save_heatmap(path: Path, weights: np.ndarray, caption: str) -> None:
    plt.figure(figsize=(6.9, 5.8))
    sns.heatmap(
        weights, annot=True, fmt=".2f", cmap="viridis", xticklabels=TOKENS, yticklabels=TOKENS,
        vmin=0, cbar_kws={"label": "Attention weight"},
    )  # fmt: skip
    plt.xlabel("Keys")
    plt.ylabel("Queries")
    plt.title(f"Attention weights\n{caption}")
    plt.tight_layout()
    plt.savefig(path, dpi=144)
    plt.close()


def save_displacement(path: Path, contextual: np.ndarray, caption: str) -> None:
    pca = PCA(n_components=2).fit(VECTORS)
    start, end = pca.transform(VECTORS), pca.transform(contextual)
    plt.figure(figsize=(7.2, 5.8))
    for token, a, b in zip(TOKENS, start, end, strict=True):
        (line,) = plt.plot([a[0], b[0]], [a[1], b[1]], "--", linewidth=1)
        plt.scatter(a[0], a[1], color=line.get_color(), alpha=0.3)
        plt.scatter(b[0], b[1], color=line.get_color())
        plt.annotate(token, b, xytext=(5, 5), textcoords="offset points")
    plt.xlabel(f"PC 1 ({pca.explained_variance_ratio_[0]:.0%} of the static variance)")
    plt.ylabel(f"PC 2 ({pca.explained_variance_ratio_[1]:.0%})")
    plt.title(f"Displacement of the embeddings by attention\n{caption}")
    plt.grid(alpha=0.3)
    plt.tight_layout()
    plt.savefig(path, dpi=144)
    plt.close()


if __name__ == "__main__":
    main()
