"""What is said of a video that is built to cost more than it is worth."""

from __future__ import annotations

from reknown.biometrics.errors import InvalidVideoError

ADVICE = "convert it to an ordinary H.264 MP4, for example with ffmpeg -i in.mp4 out.mp4"


def require_at_most(count: int, most: int, what: str) -> None:
    """Raises `InvalidVideoError` for more of something than any ordinary video has."""
    if count > most:
        raise InvalidVideoError(f"the video has {count:,} {what}, {most:,} are allowed: {ADVICE}")


def require_room(count: int, room: int, what: str) -> None:
    """Raises `InvalidVideoError` where more is announced than there is room for."""
    if count > max(room, 0):
        raise InvalidVideoError(
            f"the file announces {count:,} {what} and has room for {max(room, 0):,}: "
            f"copy it again, as it may be cut off, or {ADVICE}"
        )
