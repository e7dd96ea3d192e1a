"""Folders of pictures: planned, stylized, recorded in a ledger, and resumed after an interruption."""
