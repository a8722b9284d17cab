"""Names that Amazon gives to things, made from ours and read back."""

from __future__ import annotations

import re
from hashlib import sha1
from typing import TYPE_CHECKING
from uuid import UUID

from reknown.biometrics.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from reknown.biometrics.templates import TemplateSpace

ACCOUNT = "000000000000"
_IMAGES = UUID("5f3b1f0a-1d6c-5f0e-9a57-6d6a7c1e8f42")
_CELEBRITY = re.compile("[0-9a-f]{32}")
_ARN = re.compile(
    r"arn:aws[a-z-]*:rekognition:[a-z0-9-]*:[0-9]*:collection/([^\x00\ud800-\udfff]{1,255})"
)


def collection_arn(region: str, collection: str) -> str:
    """The Amazon resource name of a collection."""
    return f"arn:aws:rekognition:{region}:{ACCOUNT}:collection/{collection}"


def collection_of_arn(arn: str) -> str:
    """The collection with this name, whatever its region; raises `InputError`."""
    match = _ARN.fullmatch(arn)
    if match is None:
        form = "arn:aws:rekognition:<region>:<account>:collection/<id>"
        raise InputError(f"ResourceArn is not the ARN of a collection, {form}")
    return match[1]


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
