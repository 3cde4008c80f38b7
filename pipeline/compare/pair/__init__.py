"""Two runs subtracted."""
