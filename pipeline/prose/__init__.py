"""Records → words: the reading of the weights, notices and captions.

A language of the reading is one file of phrases and one entry in `languages.py`.
"""

from pipeline.prose.caption import caption
from pipeline.prose.languages import LANGUAGES
from pipeline.prose.notices import find_notices
from pipeline.prose.reading import write_reading

__all__ = ["LANGUAGES", "caption", "find_notices", "write_reading"]
