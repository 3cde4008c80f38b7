"""Sweeps: plan → engine → ledger → summary. Imports nothing, so that workers start fast."""
