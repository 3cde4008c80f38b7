"""Overrides → Config: composed by Hydra, then validated once."""
