"""What travels between a command and the workers of a cluster: bytes, as MessagePack.

Dask pickles what it is given. It is given nothing but these bytes, the name of a function and that
of a class, so that no object of ours is unpickled anywhere.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from reknown.biometrics.templates import TemplateSpace  # noqa: TC001 - msgspec reads it
from reknown.evaluation.data.sampling import FaceChoice  # noqa: TC001
from reknown.runtime.cluster.makings import Makings  # noqa: TC001
from reknown.runtime.local.messages import Extract, Extracted, Refused
from reknown.structs import resolved

__all__ = [
    "Answer",
    "ClusterTask",
    "Extract",
    "Extracted",
    "Refused",
    "Sampled",
    "TakeSample",
    "Unlike",
]


class TakeSample(msgspec.Struct, frozen=True, tag=True):
    """Make a template for an evaluation of this image."""

    data: bytes
    space: TemplateSpace
    choose: FaceChoice


class ClusterTask(msgspec.Struct, frozen=True):
    """What is asked, by a process in which `makings` hold."""

    makings: Makings
    asked: Extract | TakeSample


class Sampled(msgspec.Struct, frozen=True, tag=True):
    """A `CachedImage`; `vector` float32, little-endian."""

    digest: bytes
    quality: int
    hash: int
    thumbnail: bytes
    vector: bytes


class Unlike(msgspec.Struct, frozen=True, tag=True):
    """This worker would come to other results, or to none: why, for people."""

    reason: str


Answer: TypeAlias = Extracted | Sampled | Refused | Unlike

_encoder = msgspec.msgpack.Encoder()


def encode(message: ClusterTask | Answer) -> bytes:
    """As it travels."""
    return _encoder.encode(message)


def decode_task(data: bytes) -> ClusterTask:
    """Raises `ValueError` for anything else."""
    return msgspec.msgpack.decode(data, type=resolved(ClusterTask))


def decode_answer(data: bytes) -> Answer:
    """Raises `ValueError` for anything else."""
    answer: Answer = msgspec.msgpack.decode(data, type=resolved(Answer))
    return answer
