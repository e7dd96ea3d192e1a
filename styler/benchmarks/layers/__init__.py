"""What the covariance layers gain and cost: small networks trained with each and with its plain counterpart."""
