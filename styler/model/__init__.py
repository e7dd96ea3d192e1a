"""Networks: VGG encoder and decoders, their weights, the shipped models, devices and precisions."""
