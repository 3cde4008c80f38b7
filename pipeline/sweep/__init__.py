"""Sweeps: plan → execute → results. Imports nothing, so that workers start fast."""
