"""Reknown: self-hosted face recognition that says how often it is wrong."""

__version__ = "0.1.0"
