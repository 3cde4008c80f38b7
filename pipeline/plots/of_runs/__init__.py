"""The figures of several runs."""
