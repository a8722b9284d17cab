"""Pixels of images in files, made as everything else makes them."""

from __future__ import annotations

from reknown.vision.decoding.pool import DecoderPool

DECODERS = DecoderPool()
decode_image = DECODERS.decode
