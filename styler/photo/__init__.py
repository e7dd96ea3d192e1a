"""Photorealistic style: a table of colors, fitted to a stylized picture, is applied to the untouched photograph."""
