"""Evaluations: recorded, run beside requests, and what comes of them."""
