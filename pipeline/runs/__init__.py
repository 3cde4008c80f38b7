"""One run: prepare, compute, present; as a job, in memory, in the terminal."""
