"""What must be the same of two sweeps of one plan: every byte but durations."""

from __future__ import annotations

import json
from pathlib import Path

from tests.command import contents


def lasting(folder: Path) -> dict[str, bytes]:
    """Every file below a sweep's folder but its ledger, run.json without its seconds."""
    found = contents(folder)
    del found["ledger.jsonl"]
    for name, content in found.items():
        if name.endswith("/run.json"):
            about = json.loads(content)
            about.pop("seconds", None)
            found[name] = json.dumps(about).encode()
    return found
