"""The transfer as portable graphs, ONNX or torch.export, and an engine that runs them without torch."""
