"""Names that Amazon gives to things, made from ours and read back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha1
from typing import TYPE_CHECKING
from uuid import UUID

from reknown.biometrics.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from reknown.biometrics.templates import TemplateSpace

ACCOUNT = "000000000000"
_IMAGES = UUID("5f3b1f0a-1d6c-5f0e-9a57-6d6a7c1e8f42")
_CELEBRITY = re.compile("[0-9a-f]{32}")
_OF_REKOGNITION = r"arn:aws[a-z-]*:rekognition:[a-z0-9-]*:[0-9]*:"
_COLLECTION_ARN = re.compile(_OF_REKOGNITION + r"collection/([^\x00\ud800-\udfff]{1,255})")
_STREAM_PROCESSOR_ARN = re.compile(_OF_REKOGNITION + r"streamprocessor/([A-Za-z0-9_.\-]{1,128})")


@dataclass(frozen=True, slots=True)
class Tagged:
    """What can have tags: a collection or a stream processor."""

    collection: str | None
    stream_processor: str | None = None


def collection_arn(region: str, collection: str) -> str:
    """The Amazon resource name of a collection."""
    return f"arn:aws:rekognition:{region}:{ACCOUNT}:collection/{collection}"


def stream_processor_arn(region: str, name: str) -> str:
    """The Amazon resource name of a stream processor."""
    return f"arn:aws:rekognition:{region}:{ACCOUNT}:streamprocessor/{name}"


def video_stream_arn(region: str, camera: str) -> str:
    """An Amazon resource name that stands for the camera of this name."""
    return f"arn:aws:kinesisvideo:{region}:{ACCOUNT}:stream/{camera}/0"


def tagged_of_arn(arn: str) -> Tagged:
    """What has this name, whatever its region; raises `InputError`."""
    if (match := _COLLECTION_ARN.fullmatch(arn)) is not None:
        return Tagged(match[1])
    if (match := _STREAM_PROCESSOR_ARN.fullmatch(arn)) is not None:
        return Tagged(None, match[1])
    form = "arn:aws:rekognition:<region>:<account>:collection/<id> or streamprocessor/<name>"
    raise InputError(f"ResourceArn is not the ARN of what has tags, {form}")


def image_id(sha256: str) -> str:
    """The same id for the same image, as Amazon's version 5 UUIDs suggest."""
    # as uuid5 has it, in a third of the time
    made = sha1(_IMAGES.bytes + sha256.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(made[16], 16) % 4]
    return f"{made[:8]}-{made[8:12]}-5{made[13:16]}-{variant}{made[17:20]}-{made[20:32]}"


def celebrity_id(subject_id: str) -> str:
    """A subject as a celebrity: Amazon's ids are of letters and digits alone."""
    return subject_id.replace("-", "")


def subject_of_celebrity(celebrity: str) -> str:
    """The opaque id of a celebrity's subject; raises `NotFoundError` for what is none."""
    if not _CELEBRITY.fullmatch(celebrity):
        raise no_such_celebrity()
    return str(UUID(celebrity))


def no_such_celebrity() -> NotFoundError:
    """For an Id that nobody has."""
    return NotFoundError("there is no celebrity of this Id: RecognizeCelebrities tells Ids")


def model_version(space: TemplateSpace) -> str:
    """The template space as "major.minor", for ever the same for the same space."""
    return _version(space.fingerprint)


def text_model_version(model: str) -> str:
    """What reads text as "major.minor", the same as long as it is the same; from its digest."""
    return _version(model)


def _version(digest: str) -> str:
    """Both numbers are of its first digits, 16 and 24 bits.

    Two are as good as never called the same, and a program that reads the version as a number
    keeps all digits.
    """
    return f"{int(digest[:4], 16)}.{int(digest[4:10], 16)}"
