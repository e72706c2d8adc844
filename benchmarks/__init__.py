"""Benchmarks: servers compared under the same load, and parts of ours measured alone."""
