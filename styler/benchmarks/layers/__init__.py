"""Accuracy and cost of the covariance layers: small networks trained with each layer and with its plain counterpart."""
