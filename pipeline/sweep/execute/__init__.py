"""A plan → finished runs."""
