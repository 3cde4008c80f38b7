"""Metrics read block by block, while the weights are made."""
