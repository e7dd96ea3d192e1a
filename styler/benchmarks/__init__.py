"""Benchmarks: one module or package for each `styler bench` command, and what they measure the machine with."""
