"""The servers that are compared, each a program of its own.

Each prints the port that it listens on, as its one line, and serves until it is killed. Its last
argument says what it does with what comes: see ``benchmarks.workloads.Service``.
"""
