"""Which setting accounts for how much of a change."""
