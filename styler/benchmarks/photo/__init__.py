"""Color transfer that leaves edges alone: other methods, scores, and cost at the size of photographs."""
