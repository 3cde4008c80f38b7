"""Run folders: written and read in this one room."""
