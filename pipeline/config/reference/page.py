"""The page: conf/README.md, by hand up to the mark, generated below it."""

from __future__ import annotations

from pipeline.base.paths import CONF
from pipeline.config.reference.sections import describe_sections
from pipeline.config.reference.variants import NAMES, SPECS, describe_groups, describe_variants

README = CONF / "README.md"
START, END = "<!-- made by make docs: from here on -->", "<!-- made by make docs: up to here -->"


def reference() -> str:
    """Every setting, every variant and every file of a group, as Markdown."""
    sections = describe_sections(linked={*SPECS, *NAMES})
    return "\n\n".join([*sections, *describe_variants(), *describe_groups()])


def with_reference(readme: str) -> str:
    """`readme` with the text between its two marks generated anew."""
    before, _, rest = readme.partition(START)
    return f"{before}{START}\n\n{reference()}\n\n{END}{rest.partition(END)[2]}"
