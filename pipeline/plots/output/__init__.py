"""A figure → the bytes of a PNG, SVG or PDF."""
