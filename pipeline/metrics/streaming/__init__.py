"""What is read off the weights in the pass that computes them, without keeping the weights."""
