"""Moving pictures: read, stylized steadily, written with their sound, and resumed after an interruption."""
