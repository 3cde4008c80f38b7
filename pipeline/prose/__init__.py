"""Records → words: the reading, notices and captions; one file per language."""
