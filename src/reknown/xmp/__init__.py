"""Face regions in XMP, as photo programs write them: read, and added to what is there."""
