"""The tests, laid out as pipeline/ is."""
