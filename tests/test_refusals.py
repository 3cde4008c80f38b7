"""Bad input: one table, each row with all that standard error says of it.

Lists that grow (the files of a group, the metrics) are read from where they grow; everything else
is written out, because the words are what is tested.
"""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra.core.config_store import ConfigStore

from pipeline.attention import MASKS, NORMALIZERS, SCALES
from pipeline.base.errors import UserError
from pipeline.base.paths import EXPERIMENTS, ROOT
from pipeline.config.help import options
from pipeline.config.schema.attention import Attention
from pipeline.config.schema.config import Config
from pipeline.embed import POSITIONS, SOURCES
from pipeline.metrics import METRICS, scalar_names
from pipeline.model import OUTPUTS
from pipeline.plots import FIGURE_FORMATS, PLOTS
from tests.command import pipeline

CONF = yaml.safe_load((ROOT / "conf" / "config.yaml").read_text(encoding="utf-8"))
GROUPS = [name for choice in CONF["defaults"][1:] for name in choice]
# Hydra lists what conf/config.yaml holds, then the groups it does not; validation has its own
# order.
COMPOSED = ", ".join([*dict.fromkeys([*(k for k in CONF if k != "defaults"), *GROUPS])])
VALIDATED = ", ".join([*Config.model_fields, "experiment"])
SENTENCES, EMBEDDINGS, PROJECTIONS, ATTENTIONS = (
    ", ".join(options(g)) for g in ("sentences", "embeddings", "projection", "attention")
)
EXPERIMENT_NAMES = ", ".join(sorted(path.stem for path in EXPERIMENTS.glob("*.yaml")))
METRIC_NAMES, PLOT_NAMES = ", ".join(METRICS), ", ".join(PLOTS)
OF_ATTENTION = ", ".join(Attention.model_fields)
POSITIVE = "expected a finite number > 0"
SCALE = f"expected {', '.join(SCALES)}, on, off or a finite number"
TEXT = "expected a text, a list of texts or a list of lists of tokens, none of them empty"
STRINGS = "expected strings (quote a word that YAML reads as a number or a boolean, such as no)"
STUDY = "study={question:q,source:s,grid:{seed:[1,2]},holds:[{claim:c,"


def no_vector(*tokens: str) -> list[str]:
    """What is said of tokens that the embedding set lacks."""
    return [
        f"embeddings.unknown: the token {token!r} has no vector and the rule is refuse; "
        "expected a word of the embedding set, or the rule zero or seeded"
        for token in tokens
    ]


def unread(override: str, why: str) -> str:
    """What is said of an override that is none."""
    return f"{override}: not of the form key=value that Hydra reads ({why})"


def several(override: str) -> str:
    """What is said of a sweep in a single run."""
    return f"{override}: several values make a sweep; add -m, or make sweep"


# name → (the command line, the lines of standard error). {tmp} is the test's own folder.
TABLE: dict[str, tuple[list[str], list[str]]] = {
    # Names that do not exist
    "misspelt section": (
        ["atention.temperature=2"],
        [
            f"atention: no such setting; expected one of: {COMPOSED} (did you mean 'attention'?)",
        ],
    ),
    "misspelt section with +": (
        ["+atention.temperature=2"],
        [f"atention: no such setting; expected one of: {VALIDATED} (did you mean 'attention'?)"],
    ),
    "misspelt key": (
        ["attention.temprature=2"],
        [
            (
                f"attention.temprature: no such setting; expected one of: {OF_ATTENTION} "
                "(did you mean 'temperature'?)"
            )
        ],
    ),
    "misspelt key with +": (
        ["+attention.temprature=2"],
        [
            (
                f"attention.temprature: no such setting; expected one of: {OF_ATTENTION} "
                "(did you mean 'temperature'?)"
            )
        ],
    ),
    "a setting by its old name": (
        ["attention.keep=none"],
        ["attention.keep: is now called attention.retain; write attention.retain=none"],
    ),
    "an old name with +": (
        ["+attention.keep_k=3"],
        ["attention.keep_k: is now called attention.retain_k"],
    ),
    "an old name in a sweep": (
        ["-m", "sweep.keep=metrics", "seed=1,2"],
        ["sweep.keep: is now called sweep.store; write sweep.store=metrics"],
    ),
    "a key of the wrong kind": (
        ["+projection.heads=2"],
        ["projection.heads: no such setting; expected one of: kind"],
    ),
    "a key below a value": (["seed.x=1"], ["seed.x: seed is 0 and has no settings of its own"]),
    "misspelt group": (
        ["sentence=penguins"],
        [f"sentence: no such setting; expected one of: {COMPOSED} (did you mean 'sentences'?)"],
    ),
    "misspelt group with +": (
        ["+sentence=penguins"],
        [f"sentence: no such setting; expected one of: {VALIDATED} (did you mean 'sentences'?)"],
    ),
    "misspelt experiment group with +": (
        ["+experimnt=ablation"],
        [f"experimnt: no such setting; expected one of: {VALIDATED} (did you mean 'experiment'?)"],
    ),
    "sentences that do not exist": (
        ["sentences=penguin"],
        [f"sentences: got 'penguin', expected one of: {SENTENCES} (did you mean 'penguins'?)"],
    ),
    "embeddings that do not exist": (
        ["embeddings=word2vec"],
        [f"embeddings: got 'word2vec', expected one of: {EMBEDDINGS}"],
    ),
    "projection that does not exist": (
        ["projection=linear"],
        [f"projection: got 'linear', expected one of: {PROJECTIONS}"],
    ),
    "attention that does not exist": (
        ["attention=unscald"],
        [f"attention: got 'unscald', expected one of: {ATTENTIONS} (did you mean 'unscaled'?)"],
    ),
    "experiment that does not exist": (
        ["experiment=no_scalng"],
        [
            (
                f"experiment: got 'no_scalng', expected one of: {EXPERIMENT_NAMES} "
                "(did you mean 'no_scaling'?)"
            )
        ],
    ),
    "no file of a group": (
        ["sentences=null"],
        [f"sentences: got 'null', expected one of: {SENTENCES}"],
    ),
    "kind that does not exist": (
        ["embeddings.kind=word2vec"],
        ["embeddings.kind: got 'word2vec', expected one of: handmade, one_hot, gaussian, glove"],
    ),
    "word added without +": (
        ["embeddings.table.gato=[1,0,0,0]"],
        [
            (
                "embeddings.table.gato: not there yet; "
                "to add it, write +embeddings.table.gato=[1,0,0,0]"
            ),
        ],
    ),
    "metric that does not exist": (
        ["metrics=[entropi]"],
        [
            (
                f"metrics: got 'entropi', expected names out of: {METRIC_NAMES} "
                "(did you mean 'entropy'?)"
            ),
        ],
    ),
    "plot that does not exist": (
        ["plots=[heatmp]"],
        [f"plots: got 'heatmp', expected names out of: {PLOT_NAMES} (did you mean 'heatmap'?)"],
    ),
    "format that does not exist": (
        ["figures.formats=[gif]"],
        [f"figures.formats: got 'gif', expected names out of: {', '.join(FIGURE_FORMATS)}"],
    ),
    "mask that does not exist": (
        ["attention.mask=casual"],
        [
            (
                f"attention.mask: got 'casual', expected one of: {', '.join(MASKS)} "
                "(did you mean 'causal'?)"
            )
        ],
    ),
    "normalizer that does not exist": (
        ["attention.normalizer=softmx"],
        [
            (
                f"attention.normalizer: got 'softmx', expected one of: {', '.join(NORMALIZERS)} "
                "(did you mean 'softmax'?)"
            ),
        ],
    ),
    "rule that does not exist": (
        ["embeddings.unknown=guess"],
        ["embeddings.unknown: got 'guess', expected one of: refuse, zero, seeded"],
    ),
    "positions that do not exist": (
        ["embeddings.positions=rotary"],
        [f"embeddings.positions: got 'rotary', expected one of: {', '.join(POSITIONS)}"],
    ),
    "source that does not exist": (
        ["embeddings=glove", "embeddings.source=web"],
        [f"embeddings.source: got 'web', expected one of: {', '.join(SOURCES)}"],
    ),
    "language that does not exist": (
        ["language=fr"],
        ["language: got 'fr', expected one of: en, pt"],
    ),
    # Wrong types
    "plots not a list": (
        ["plots=heatmap"],
        [f"plots: got 'heatmap', expected a list of names out of: {PLOT_NAMES}"],
    ),
    "plots null": (
        ["plots=null"],
        [f"plots: got None, expected a list of names out of: {PLOT_NAMES}"],
    ),
    "metrics not a list": (
        ["metrics=entropy"],
        [f"metrics: got 'entropy', expected a list of names out of: {METRIC_NAMES}"],
    ),
    "metric twice": (
        ["metrics=[entropy,entropy]"],
        ["metrics: got ['entropy', 'entropy'], expected each name once"],
    ),
    "no format at all": (
        ["figures.formats=[]"],
        [f"figures.formats: got [], expected a list of names out of: {', '.join(FIGURE_FORMATS)}"],
    ),
    "a number for a section": (["figures=3"], ["figures: got 3, expected a group of settings"]),
    "a word for a count": (
        ["figures.dpi=big"],
        ["figures.dpi: got 'big', expected a whole number >= 36 and <= 1200"],
    ),
    "a fraction of the width that makes no pairs": (
        ["attention.rotation={rotary:{fraction:0.3}}"],
        [
            (
                "attention.rotary.fraction: got 0.3 of the key width D = 4, which is 1.2 entries, "
                "expected an even number of them, as they rotate in pairs"
            )
        ],
    ),
    "a fraction above all of the width": (
        ["attention.rotation={rotary:{fraction:2}}"],
        [
            (
                "attention.rotation: attention.rotary.fraction: got 2, expected a number above 0, "
                "at most 1"
            )
        ],
    ),
    "a fraction for a count": (
        ["projection=random", "projection.heads=1.5"],
        ["projection.heads: got 1.5, expected a whole number >= 1 and <= 4096"],
    ),
    "a word for a seed": (["seed=a"], ["seed: got 'a', expected a whole number >= 0"]),
    "a negative seed": (["seed=-1"], ["seed: got -1, expected a whole number >= 0"]),
    "a number for a flag": (
        ["sentences.split_punctuation=1"],
        ["sentences.split_punctuation: got 1, expected true or false"],
    ),
    "a blank name": (["name=''"], ["name: got '', expected a name"]),
    "a setting taken away": (
        ["~seed"],
        ["seed: is missing; see conf/config.yaml for how it is set"],
    ),
    "a width of nothing": (
        ["embeddings=gaussian", "embeddings.width=0"],
        ["embeddings.width: got 0, expected a whole number >= 1 and <= 65536"],
    ),
    # Numbers out of range
    "temperature 0": (
        ["attention.temperature=0"],
        [f"attention.temperature: got 0, {POSITIVE}"],
    ),
    "temperature negative": (
        ["attention.temperature=-1"],
        [f"attention.temperature: got -1, {POSITIVE}"],
    ),
    "temperature NaN": (
        ["attention.temperature=nan"],
        [f"attention.temperature: got nan, {POSITIVE}"],
    ),
    "temperature infinite": (
        ["attention.temperature=inf"],
        [f"attention.temperature: got inf, {POSITIVE}"],
    ),
    "temperature a word": (
        ["attention.temperature=hot"],
        [f"attention.temperature: got 'hot', {POSITIVE}"],
    ),
    "temperature true": (  # True is 1 to Python, and no temperature to us
        ["attention.temperature=true"],
        [f"attention.temperature: got True, {POSITIVE}"],
    ),
    "temperature empty": (
        ["attention.temperature="],
        [f"attention.temperature: got '', {POSITIVE}"],
    ),
    "temperature too small for its scores": (
        ["attention.temperature=1e-320"],
        [
            (
                "attention.temperature: scores overflow float64; expected a scale and a "
                "temperature with which a float64 can hold them"
            )
        ],
    ),
    "scale infinite": (["attention.scale=inf"], [f"attention.scale: got inf, {SCALE}"]),
    "scale NaN": (["attention.scale=nan"], [f"attention.scale: got nan, {SCALE}"]),
    "scale a word": (["attention.scale=half"], [f"attention.scale: got 'half', {SCALE}"]),
    "scale null": (["attention.scale=null"], [f"attention.scale: got None, {SCALE}"]),
    "heads that do not divide": (
        ["projection=random", "projection.heads=3"],
        [
            (
                "projection.heads: 3 heads do not divide the embedding width 4; choose another "
                "count, or set projection.key_width and projection.value_width"
            )
        ],
    ),
    "key heads that do not divide": (
        ["projection=random", "projection.heads=4", "projection.key_heads=3"],
        [
            (
                "projection.key_heads: 3 key heads do not divide 4 heads; "
                "expected a count that divides, or null for as many"
            )
        ],
    ),
    "traces of weights that are not kept": (
        ["attention.retain=none", "metrics=[entropy,norm_rank]", "plots=[rollout]"],
        [
            (
                "attention.retain: got 'none' with norm_rank, rollout, read off all weights at "
                "once; expected full, or metrics and plots without them"
            )
        ],
    ),
    "projections that no machine should hold": (
        [
            "embeddings=gaussian",
            "embeddings.width=65536",
            "projection=random",
            "projection.heads=4096",
        ],
        [
            (
                "projection: W_V of all heads would be 65536 × 65536, expected at most 268435456 "
                "entries (2 GB); lower embeddings.width, projection.heads or the widths of keys "
                "and values"
            )
        ],
    ),
    "layers of nothing": (
        ["layers.count=0"],
        ["layers.count: got 0, expected a whole number >= 1 and <= 256"],
    ),
    "a residual of unequal widths": (
        ["projection=random", "projection.value_width=3", "layers.residual=true"],
        [
            (
                "layers.residual: the output is 3 wide (heads times value_width) and the "
                "embeddings are 4 wide; expected equal widths, or projection.output=random, "
                "which makes them equal"
            )
        ],
    ),
    "layers of cross-attention": (
        ["sentences.keys=Os tem", "layers.count=2"],
        [
            (
                "layers: got count 2 and residual false with sentences.keys; expected count 1 and "
                "residual false in cross-attention, whose outputs are no keys for another layer"
            )
        ],
    ),
    "a residual of cross-attention": (
        ["sentences.keys=Os tem", "layers.residual=true"],
        [
            (
                "layers: got count 1 and residual true with sentences.keys; expected count 1 and "
                "residual false in cross-attention, whose outputs are no keys for another layer"
            )
        ],
    ),
    "output that does not exist": (
        ["projection=random", "projection.output=randon"],
        [
            (
                f"projection.output: got 'randon', expected one of: {', '.join(OUTPUTS)} "
                "(did you mean 'random'?)"
            )
        ],
    ),
    # Settings that do not go together
    "the mask before a cap that there is not": (
        ["attention.order=mask_then_cap", "attention.mask=causal"],
        [
            (
                "attention.order: got 'mask_then_cap', which caps the −∞ of a masked key to "
                "−softcap, so that it gets weight; expected both a softcap and a mask, or "
                "cap_then_mask"
            )
        ],
    ),
    "a stage that this chain does not have": (
        ["stages=[scores,capped]"],
        ["stages: got 'capped', expected those of this chain: scores, scaled, masked"],
    ),
    "stages of weights that are not kept": (
        ["stages=[scores]", "attention.retain=none"],
        [
            (
                "stages: got ['scores'] with attention.retain=none, expected "
                "attention.retain=full, or stages=[]"
            )
        ],
    ),
    "stages of a kernel": (
        ["stages=[scores]", "attention.normalizer=linear"],
        [
            (
                "stages: got ['scores'] with a kernel (linear, favor), which has no logits; "
                "expected stages=[]"
            )
        ],
    ),
    "what is kept that does not exist": (
        ["attention.retain=some"],
        ["attention.retain: got 'some', expected one of: full, top_k, none"],
    ),
    "nothing of every row kept": (
        ["attention.retain_k=0"],
        ["attention.retain_k: got 0, expected a whole number >= 1 and <= 65536"],
    ),
    "a pooling that does not exist": (
        ["figures.pooling=average"],
        ["figures.pooling: got 'average', expected one of: mean, max"],
    ),
    # Sentences
    "an empty sentence": (["sentences.text=''"], [f"sentences.text: got '', {TEXT}"]),
    "a blank sentence": (["sentences.text='  '"], [f"sentences.text: got ' ', {TEXT}"]),
    "an empty list": (["sentences.text=[]"], [f"sentences.text: got [], {TEXT}"]),
    "a list of an empty list": (["sentences.text=[[]]"], [f"sentences.text: got [], {TEXT}"]),
    "an empty token": (
        ["sentences.text=[[Os,'']]"],
        [f"sentences.text: got ['Os', ''], {TEXT}"],
    ),
    "a boolean for a token": (
        ["sentences.text=[[true,Os]]"],
        [f"sentences.text: got True, {STRINGS}"],
    ),
    "a number for a token": (["sentences.text=[[1,Os]]"], [f"sentences.text: got 1, {STRINGS}"]),
    "a boolean in a vocabulary": (
        ["embeddings=one_hot", "embeddings.vocabulary=[false]"],
        [f"embeddings.vocabulary: got False, {STRINGS}"],
    ),
    "keys for some sentences": (
        ["sentences.text=[Os,tem,Os]", "sentences.keys=[Os,tem]"],
        ["sentences.keys: got 2 texts, expected 1 text for all or 3, one per sentence"],
    ),
    "two keys for one sentence": (
        ["sentences.keys=[Os,tem]"],
        ["sentences.keys: got 2 texts, expected 1 text"],
    ),
    "an empty key sentence": (["sentences.keys=''"], [f"sentences.keys: got '', {TEXT}"]),
    "keys without a vector": (["sentences.keys='Os gatos'"], no_vector("gatos")),
    "neither text nor path": (
        ["sentences=file"],
        ["sentences: got neither, expected either text or path (sentences.path=my.txt)"],
    ),
    "both text and path": (
        ["sentences.path={tmp}/fine.txt"],
        ["sentences: got both, expected either text or path (sentences.path=my.txt)"],
    ),
    "tokens without a vector": (
        ["sentences.text='Os cats tem dogs'"],
        no_vector("cats", "dogs"),
    ),
    "words that only GloVe knows": (
        ["sentences=penguins"],
        no_vector("penguins", "do", "not", "have", "knees"),
    ),
    "tokens outside the vocabulary": (
        ["embeddings=gaussian", "embeddings.vocabulary=[Os,pinguins,'não',tem]"],
        no_vector("joelho"),
    ),
    # Tables
    "rows of unequal width": (
        ["embeddings.table.tem=[0,1]"],
        ["embeddings.table: tem: got 2 numbers, expected 4 as in the row of Os"],
    ),
    "NaN in a table": (
        ["embeddings.table.tem=[nan,1,0,0]"],
        ["embeddings.table: tem: got [nan, 1, 0, 0], expected a list of finite numbers"],
    ),
    "a word in a table": (
        ["embeddings.table.tem=[a,1,0,0]"],
        ["embeddings.table: tem: got ['a', 1, 0, 0], expected a list of finite numbers"],
    ),
    "no table": (
        ["embeddings.table=null"],
        ["embeddings.table: got None, expected tokens and their vectors, as in {Os: [1, 0]}"],
    ),
    # Files
    "a missing file": (
        ["sentences=file", "sentences.path={tmp}/none.txt"],
        [
            (
                "sentences.path: cannot read {tmp}/none.txt (No such file or directory); "
                "expected a UTF-8 text file, one sentence per line"
            )
        ],
    ),
    "a directory for a file": (
        ["sentences=file", "sentences.path={tmp}"],
        [
            (
                "sentences.path: cannot read {tmp} (Is a directory); "
                "expected a UTF-8 text file, one sentence per line"
            )
        ],
    ),
    "a file that is not UTF-8": (
        ["sentences=file", "sentences.path={tmp}/latin.txt"],
        ["sentences.path: {tmp}/latin.txt is not UTF-8 (byte 1: 0xe3); save it as UTF-8"],
    ),
    "an empty file": (
        ["sentences=file", "sentences.path={tmp}/empty.txt"],
        [
            "sentences.path: {tmp}/empty.txt holds no sentence; expected at least one line of text",
        ],
    ),
    "a file of blank lines": (
        ["sentences=file", "sentences.path={tmp}/blank.txt"],
        [
            "sentences.path: {tmp}/blank.txt holds no sentence; expected at least one line of text",
        ],
    ),
    "outputs below a file": (  # chmod does not stop root, a file in the way does
        ["outputs={tmp}/fine.txt/below"],
        [
            (
                "outputs: cannot write to {tmp}/fine.txt/below (Not a directory); "
                "set outputs= to another place"
            )
        ],
    ),
    "outputs a file, of a sweep": (
        ["-m", "seed=1,2", "outputs={tmp}/fine.txt"],
        [
            (
                "outputs: cannot write to {tmp}/fine.txt/sweeps (Not a directory); "
                "set outputs= to another place"
            )
        ],
    ),
    # The command line itself
    "an unknown interpolation": (
        ["seed=${attention.nope}"],
        ["seed: Interpolation key 'attention.nope' not found; write \\${ for a literal ${"],
    ),
    "no equals sign": (
        ["foo"],
        [unread("foo", "Error parsing override 'foo' missing EQUAL at '<EOF>'")],
    ),
    "an open bracket": (["a=[1"], [unread("a=[1", "no viable alternative at input '[1'")]),
    "no key": (["=5"], [unread("=5", "no key")]),
    "an accent outside quotes": (
        ["sentences.text=não"],
        [unread("sentences.text=não", "quote such a value twice, as in 'name=\"não\"'")],
    ),
    "values without -m": (
        ["attention.temperature=0.5,1"],
        [several("attention.temperature=0.5,1")],
    ),
    "a range without -m": (["seed=range(1,3)"], [several("seed=range(1,3)")]),
    "an unknown option": (
        ["--multirum"],
        ["python -m pipeline: unrecognized arguments: --multirum; see python -m pipeline --help"],
    ),
    "an abbreviated option": (  # would change its meaning with the next option of that beginning
        ["--multi"],
        ["python -m pipeline: unrecognized arguments: --multi; see python -m pipeline --help"],
    ),
    "hydra.run.dir": (
        ["hydra.run.dir={tmp}/out"],
        [
            (
                "hydra.run.dir: folders are claimed by the pipeline, so that none is overwritten; "
                "set outputs= to put them elsewhere"
            )
        ],
    ),
    "hydra.sweep.dir in a sweep": (
        ["-m", "hydra.sweep.dir={tmp}/out", "seed=1,2"],
        [
            (
                "hydra.sweep.dir: folders are claimed by the pipeline, so that none is "
                "overwritten; set outputs= to put them elsewhere"
            )
        ],
    ),
    # Several at once, a line each
    "several bad values": (
        ["attention.temperature=0", "seed=-1", "plots=[x]"],
        [
            f"attention.temperature: got 0, {POSITIVE}",
            f"plots: got 'x', expected names out of: {PLOT_NAMES}",
            "seed: got -1, expected a whole number >= 0",
        ],
    ),
    "bad names and bad values": (
        ["attention.temperature=0", "sed=1", "sentences=penguin"],
        [
            f"sed: no such setting; expected one of: {COMPOSED} (did you mean 'seed'?)",
            f"sentences: got 'penguin', expected one of: {SENTENCES} (did you mean 'penguins'?)",
            f"attention.temperature: got 0, {POSITIVE}",
        ],
    ),
    "several malformed": (
        ["foo", "seed=1", "=5"],
        [
            unread("foo", "Error parsing override 'foo' missing EQUAL at '<EOF>'"),
            unread("=5", "no key"),
        ],
    ),
    # Sweeps, checked before their first run
    "a bad value in a sweep": (
        ["-m", "attention.temperature=1,0"],
        [f"attention.temperature: got 0, {POSITIVE} (in 1 of 2 runs)"],
    ),
    "bad values in a grid, each said once": (
        ["-m", "attention.temperature=1,0", "seed=-1,-2"],
        [
            "seed: got -1, expected a whole number >= 0 (in 2 of 4 runs)",
            "seed: got -2, expected a whole number >= 0 (in 2 of 4 runs)",
            f"attention.temperature: got 0, {POSITIVE} (in 2 of 4 runs)",
        ],
    ),
    "a bad option in a sweep": (
        ["-m", "sentences=pinguins,penguin"],
        [
            (
                f"sentences: got 'penguin', expected one of: {SENTENCES} "
                "(did you mean 'penguins'?) (in 1 of 2 runs)"
            )
        ],
    ),
    "a misspelt key in a sweep": (
        ["-m", "attention.temprature=1,2"],
        [
            (
                f"attention.temprature: no such setting; expected one of: {OF_ATTENTION} "
                "(did you mean 'temperature'?) (in 2 of 2 runs)"
            )
        ],
    ),
    "a word without a vector in a sweep": (
        ["-m", "sentences.text=Os,gato"],
        [f"{line} (in 1 of 2 runs)" for line in no_vector("gato")],
    ),
    "an unknown interpolation in a sweep": (
        ["-m", "seed=1,${nope}"],
        [
            (
                "seed: Interpolation key 'nope' not found; write \\${ for a literal ${ "
                "(in 1 of 2 runs)"
            ),
        ],
    ),
    "the same run twice": (
        ["-m", "attention.temperature=1,1.0"],
        [
            (
                "the grid holds the same run twice: "
                "attention.temperature=1 and attention.temperature=1.0"
            )
        ],
    ),
    "two spellings of one scale": (
        ["-m", "attention.scale=on,sqrt_dk"],
        ["the grid holds the same run twice: attention.scale=on and attention.scale=sqrt_dk"],
    ),
    "a sweep over no file": (
        ["-m", "sentences=glob(zz*)"],
        ["sentences=glob(zz*): expands to no value; expected at least one"],
    ),
    "a sweep over nothing": (
        ["-m", "seed=range(1,1)"],
        ["seed=range(1,1): expands to no value; expected at least one"],
    ),
    "two experiments": (
        ["-m", "experiment=ablation,no_scaling"],
        ["experiment=ablation,no_scaling: an experiment is a sweep of its own; run one at a time"],
    ),
    # Experiments
    "an experiment with a bad value": (
        ["experiment=ablation", "metrics=[entropi]"],
        [
            (
                f"metrics: got 'entropi', expected names out of: {METRIC_NAMES} "
                "(did you mean 'entropy'?) (in 20 of 20 runs)"
            )
        ],
    ),
    "a misspelt part of a study": (
        ["experiment=ablation", "+study.gird={seed:[1]}"],
        [
            (
                "study.gird: no such setting; expected one of: question, source, grid, holds "
                "(did you mean 'grid'?)"
            )
        ],
    ),
    "a misspelt setting in a grid": (
        ["study={question:q,source:s,grid:{attention.temprature:[1,2]}}"],
        [
            (
                f"attention.temprature: no such setting; expected one of: {OF_ATTENTION} "
                "(did you mean 'temperature'?) (in 2 of 2 runs)"
            )
        ],
    ),
    "an empty axis": (
        ["study={question:q,source:s,grid:{seed:[]}}"],
        ["study.grid: seed: got [], expected a list of values"],
    ),
    "no grid": (
        ["study={question:q,source:s}"],
        ["study.grid: is missing; see experiments/ablation.yaml for how it is set"],
    ),
    "a law that does not exist": (
        [STUDY + "law:rses,metric:entropy,setting:seed}]}"],
        [
            (
                "study.holds.0.law: got 'rses', expected one of: rises, falls, flat "
                "(did you mean 'rises'?)"
            )
        ],
    ),
    "a law of a metric that does not exist": (
        [STUDY + "law:rises,metric:entropi,setting:seed}]}"],
        [
            (
                f"study.holds.0.metric: got 'entropi', expected one of: "
                f"{', '.join(scalar_names(METRICS))} (did you mean 'entropy'?)"
            )
        ],
    ),
    "a law of a setting that does not vary": (
        [STUDY + "law:rises,metric:entropy,setting:sed}]}"],
        ["study: holds: got 'sed', expected a setting of the grid: seed (did you mean 'seed'?)"],
    ),
    "a misspelt part of a law": (
        [STUDY + "law:rises,metric:entropy,setting:seed,were:{seed:1}}]}"],
        [
            (
                "study.holds.0.were: no such setting; expected one of: claim, law, metric, "
                "setting, along, within, where (did you mean 'where'?)"
            )
        ],
    ),
}


@pytest.fixture
def tmp(tmp_path: Path) -> Path:
    """A folder with the files that the table speaks of."""
    (tmp_path / "fine.txt").write_text("Os tem\n", encoding="utf-8")
    (tmp_path / "latin.txt").write_bytes("não".encode("latin-1"))
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "blank.txt").write_text("\n  \n", encoding="utf-8")
    return tmp_path


def given(case: str, tmp: Path) -> tuple[list[str], str]:
    """The command line of a row, with its outputs below `tmp`, and the whole of standard error."""
    words, lines = TABLE[case]
    words = [word.replace("{tmp}", str(tmp)) for word in words]
    if not any(word.startswith("outputs=") for word in words):
        words.append(f"outputs={tmp}/out")
    return words, "".join(line.replace("{tmp}", str(tmp)) + "\n" for line in lines)


@pytest.mark.parametrize("case", TABLE)
def test_a_fault_is_said_in_full_and_leaves_nothing(case: str, tmp: Path) -> None:
    words, expected = given(case, tmp)
    before = sorted(tmp.rglob("*"))
    said = pipeline(*words)
    assert said.err == expected
    assert (said.code, said.out) == (2, "")
    assert [path for path in sorted(tmp.rglob("*")) if path not in before and not bare(path)] == []


def bare(path: Path) -> bool:
    """The outputs folder itself, empty: a claimed run folder may have been taken away again."""
    return path.name == "out" and not any(path.iterdir())


@pytest.mark.parametrize(
    "case", ["misspelt key with +", "a file that is not UTF-8", "a bad value in a sweep"]
)
def test_a_process_says_the_same(case: str, tmp: Path) -> None:
    words, expected = given(case, tmp)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)
    assert not (tmp / "out").exists()


def test_many_faults_are_cut_with_their_count(tmp: Path) -> None:
    tokens = ",".join(f"w{number}" for number in range(33))
    said = pipeline(f"sentences.text=[[{tokens}]]", f"outputs={tmp}/out")
    first = "".join(f"{line}\n" for line in no_vector(*(f"w{number}" for number in range(30))))
    assert said.err == first + "and 3 more errors\n"


def test_debug_brings_the_traceback_back(tmp: Path) -> None:
    with pytest.raises(UserError, match="got 0, expected a finite number"):
        pipeline("attention.temperature=0", "--debug", f"outputs={tmp}/out")


def test_so_does_the_environment(tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTENTION_LAB_DEBUG", "1")
    with pytest.raises(UserError, match="got 0, expected a finite number"):
        pipeline("attention.temperature=0", f"outputs={tmp}/out")


def test_a_bug_of_ours_keeps_its_traceback_and_leaves_no_folder(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug in this project")

    monkeypatch.setattr("pipeline.runs.job.read", broken)  # after the folder is claimed
    with pytest.raises(RuntimeError, match="a bug in this project"):
        pipeline("plots=[]", f"outputs={tmp}/out")
    assert list((tmp / "out").iterdir()) == []


def test_a_broken_experiment_is_said_and_stands_in_no_others_way(
    tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp / "torn.yaml").write_text("study: [", encoding="utf-8")
    (tmp / "bare.yaml").write_text("seed: 1\n", encoding="utf-8")
    store = ConfigStore.instance()
    monkeypatch.setattr(store, "repo", copy.deepcopy(store.repo))
    monkeypatch.setattr("pipeline.config.experiments.EXPERIMENTS", tmp)
    torn = pipeline("experiment=torn", f"outputs={tmp}/out")
    assert torn.err.startswith("experiments/torn.yaml: cannot be read as YAML: ")
    assert (torn.code, torn.err.count("\n")) == (2, 1)
    (tmp / "old.yaml").write_text(
        "attention: {keep: none}\nstudy: {grid: {'seed, sweep.keep': []}}\n", encoding="utf-8"
    )
    assert pipeline("experiment=old", f"outputs={tmp}/out").err == (
        "experiments/old.yaml: attention.keep: is now called attention.retain\n"
        "experiments/old.yaml: sweep.keep: is now called sweep.store\n"
    )
    bare_one = pipeline("experiment=bare", f"outputs={tmp}/out")
    expected = "experiments/bare.yaml: has no study; expected question, source and grid\n"
    assert (bare_one.code, bare_one.err) == (2, expected)
    assert pipeline("seed=1", "--cfg", "job").code == 0
