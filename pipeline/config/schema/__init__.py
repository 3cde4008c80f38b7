"""What may be set, of which type and in which range; one file per section."""
