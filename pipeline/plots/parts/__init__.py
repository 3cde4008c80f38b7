"""What figures are put together from: matrices, bars, planes, labels, ticks."""
