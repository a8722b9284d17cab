"""When was a picture or a film taken? Its own metadata say so, or its name, or the file's date."""

from __future__ import annotations

import re
from datetime import datetime

from reknown.biometrics.sightings import Taken, TimeSource

_FIRST_YEAR = 1840
_FAR_AHEAD = 2100
# IMG_20190314_153012.jpg, 2019-03-14 15.30.12.png, PXL_20210102_030405678.jpg, IMG-20190314-WA0001
_DATE = r"(?<!\d)(\d{4})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[-_. T]{1,3}(?:at )?([01]\d|2[0-3])([-_.:h]?)([0-5]\d)\6([0-5]\d)(?:\d{3})?)?"
_IN_NAMES = re.compile(f"{_DATE}{_TIME}(?!\\d)")


def taken(metadata: str | None, name: str, modified_ns: int) -> Taken:
    """The best that is known, in local time; `metadata` is in ISO 8601, `modified_ns` since 1970.

    Metadata without an offset are the local time of the camera; with one they become it.
    """
    if metadata is not None:
        # what a camera's clock showed is what people remember
        return Taken(datetime.fromisoformat(metadata).replace(tzinfo=None), TimeSource.METADATA)
    named = _of_name(name)
    if named is not None:
        return Taken(named, TimeSource.NAME)
    try:
        at = datetime.fromtimestamp(modified_ns // 10**9)
    except (OSError, OverflowError, ValueError):
        at = datetime(1970, 1, 1)
    return Taken(at, TimeSource.FILE)


def local(metadata: str | None) -> str | None:
    """A moment of the world, as films have it, in this machine's time."""
    if metadata is None:
        return None
    moment = datetime.fromisoformat(metadata)
    return (moment.astimezone() if moment.tzinfo else moment).replace(tzinfo=None).isoformat()


def _of_name(name: str) -> datetime | None:
    for found in _IN_NAMES.finditer(name):
        year, _, month, day, hour, _, minute, second = found.groups()
        if not _FIRST_YEAR <= int(year) < _FAR_AHEAD:
            continue
        try:
            return datetime(
                int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
            )
        except ValueError:
            continue
    return None
