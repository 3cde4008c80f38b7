"""Metrics of what each key contributes to a query, in a layer and through all layers."""
