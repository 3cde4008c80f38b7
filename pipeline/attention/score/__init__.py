"""Query and key → scores: QK-norm, rotation, scale, temperature and soft-cap."""
