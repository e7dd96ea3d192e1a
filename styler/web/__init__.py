"""The page and the HTTP API: one model, a bounded queue, no path or address from a request is ever opened."""
