"""Matrix square roots, ours and as published: time, error, cost in products, smoothness, and what a picture shows."""
