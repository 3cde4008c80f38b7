"""Overrides → every run of a sweep, validated before the first."""
