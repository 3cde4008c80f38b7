"""Run folders: written and read only in this package."""
