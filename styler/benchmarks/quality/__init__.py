"""How good stylized pictures are, judged by networks: what is left of the content, how far the style still is."""
