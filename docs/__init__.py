"""The documentation of mcws, and what generates its diagrams."""
