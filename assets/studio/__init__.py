"""The style pictures, one a module, and the parts that they share."""
