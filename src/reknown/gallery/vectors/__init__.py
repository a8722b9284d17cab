"""Exact search among a million templates: a scan of 8-bit codes, then the templates themselves.

`slabs.py` holds the codes, `kernel.c` looks through them, `search.py` compares exactly what may be
among the best, `snapshots.py` keeps the codes in a file.
"""
