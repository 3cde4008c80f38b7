"""The help text, with the choices of conf/ and experiments/ as they are."""

from __future__ import annotations

import textwrap

from pipeline.base.paths import ROOT


def help_text(usage: str) -> str:
    """Usage, the groups with their choices, the settings with their comments, and examples."""
    groups = sorted(path for path in (ROOT / "conf").iterdir() if path.is_dir())
    choices = {group.name: options(group.name) for group in groups}
    width = max(map(len, choices)) + 2
    listing = "\n".join(f"  {name:<{width}}{', '.join(files)}" for name, files in choices.items())
    experiments = ", ".join(sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml")))
    settings = (ROOT / "conf" / "config.yaml").read_text(encoding="utf-8").partition("\nname:")[2]
    return f"""usage: {usage}

Attention in NumPy, from YAML to weights, metrics and figures in a folder of its own.

options
  -m, --multirun   a sweep over every value given: attention.temperature=0.5,1,2
  --plan           what a sweep would run, what is done, how long it takes; writes nothing
  --resume SWEEP   go on with a sweep: its folder, or latest; runs what is missing or failed
  --anyway         resume although its code or its inputs have changed since
  -c, --cfg job    print the composed configuration and stop
  --debug          show the traceback of an error
  -h, --help       this text

choose a file of a group (GROUP=NAME)
{listing}

choose an experiment (experiment=NAME)
  {experiments}

set a value (conf/config.yaml and the chosen files hold the defaults)
{indented("name:" + settings)}

examples
  python -m pipeline
  python -m pipeline sentences=penguins embeddings=glove projection=random attention.scale=none
  python -m pipeline -m attention.scale=on,off attention.temperature=0.5,1,2
  python -m pipeline experiment=no_scaling
  python -m pipeline -m --resume latest
  python -m pipeline.compare outputs/2026-11-23/*"""


def indented(text: str, by: str = "  ") -> str:
    """Every line of `text` indented but empty ones."""
    return textwrap.indent(text.rstrip(), by)


def options(group: str) -> list[str]:
    """The files of a group of conf/."""
    return sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml"))
