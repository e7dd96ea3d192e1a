"""Training of encoders (by distillation) and decoders."""
