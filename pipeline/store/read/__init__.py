"""Run folders → records."""
