"""Matrix square roots, ours and as published: time, error, cost in matrix products, and smoothness of gradients."""
