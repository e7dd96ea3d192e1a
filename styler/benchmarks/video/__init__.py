"""Steadiness of stylized clips whose motion is known exactly."""
