"""Pixels of images in files, made by the decoders that everything else uses."""

from __future__ import annotations

from reknown.vision.decoding.pool import DecoderPool

DECODERS = DecoderPool(2)
decode_image = DECODERS.decode
