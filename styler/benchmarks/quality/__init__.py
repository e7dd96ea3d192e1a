"""Quality of stylized pictures, scored by networks: distance from the content and distance from the style."""
