"""The languages of reading.md: each is one file and one entry here."""

from __future__ import annotations

from pipeline.prose.english import ENGLISH
from pipeline.prose.phrases import Phrases
from pipeline.prose.portuguese import PORTUGUESE

LANGUAGES: dict[str, Phrases] = {"en": ENGLISH, "pt": PORTUGUESE}
