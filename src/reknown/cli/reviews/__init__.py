"""The commands below `reknown reviews`."""
