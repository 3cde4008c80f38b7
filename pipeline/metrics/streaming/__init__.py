"""What is read off the weights in the one pass that computes them, exactly, and never kept."""
