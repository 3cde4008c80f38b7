"""python -m pipeline.config.reference: writes conf/README.md anew (`make docs`)."""

from __future__ import annotations

from pipeline.config.reference.page import README, with_reference

if __name__ == "__main__":
    README.write_text(with_reference(README.read_text(encoding="utf-8")), encoding="utf-8")
