"""Metrics that read whole rows of weights."""
