"""The gradients of attention in closed form."""
