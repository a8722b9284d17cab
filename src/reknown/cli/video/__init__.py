"""`reknown video`."""
