"""Metrics of rows of weights, one number per query."""
