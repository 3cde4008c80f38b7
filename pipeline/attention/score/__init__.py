"""Query and key → score: norm, rotation, scale and soft-cap."""
