"""Metrics that follow the weights through the layers."""
