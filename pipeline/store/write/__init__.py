"""Results → the files of a run folder."""
