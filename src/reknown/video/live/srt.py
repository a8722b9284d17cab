"""What there is to say about a camera over SRT, in the cameras file or in its address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

# As libsrt has them.
_SHORTEST_PASSPHRASE, _LONGEST_PASSPHRASE = 10, 79
_LONGEST_STREAM_ID = 512
_LATENCY = 120
# Some programs write microseconds, which are above that.
_LONGEST_LATENCY = 8000
_MODES = {"caller": False, "listener": True}


@dataclass(frozen=True, slots=True)
class SrtSettings:
    """How it is read; what opens it is not in its `repr`.

    `latency` is in milliseconds, at the least: the other side may ask for more. With `listens` the
    camera calls here, where its address then is.
    """

    passphrase: str | None = field(default=None, repr=False)
    stream_id: str | None = field(default=None, repr=False)
    latency: int = _LATENCY
    listens: bool = False


def srt_settings(
    parts: SplitResult,
    passphrase: str | None,
    stream_id: str | None,
    latency: int | None,
    mode: str | None,
) -> SrtSettings:
    """From the table, or from what was pasted with the address.

    Raises `InputError`, which repeats no value.
    """
    if parts.port is None or parts.path.strip("/") or "@" in parts.netloc:
        raise InputError("an address over SRT is like srt://host:9000, with a passphrase beside it")
    table = {"passphrase": passphrase, "stream_id": stream_id, "latency": latency, "mode": mode}
    given = {name: str(value) for name, value in table.items() if value is not None}
    pasted = _pasted(parts)
    if both := given.keys() & pasted.keys():
        raise InputError(f"{min(both)} is in the address, too: give it once")
    return _checked(given | pasted)


def _pasted(parts: SplitResult) -> dict[str, str]:
    found = {}
    # a stream's id often begins with "#!::"
    query = f"{parts.query}#{parts.fragment}" if parts.fragment else parts.query
    for part in filter(None, query.split("&")):
        written, _, value = part.partition("=")
        name = "stream_id" if written == "streamid" else written
        if name not in {"passphrase", "stream_id", "latency", "mode"}:
            raise InputError(
                "the address has more behind the question mark than passphrase, streamid, latency "
                "and mode: take it out"
            )
        found[name] = unquote(value)
    return found


def _checked(said: dict[str, str]) -> SrtSettings:
    passphrase = _text("passphrase", said, _SHORTEST_PASSPHRASE, _LONGEST_PASSPHRASE)
    stream_id = _text("stream_id", said, 1, _LONGEST_STREAM_ID)
    latency = said.get("latency", str(_LATENCY))
    if not (latency.isdecimal() and len(latency) <= 4 and int(latency) <= _LONGEST_LATENCY):
        raise InputError(f"latency is 0 to {_LONGEST_LATENCY} milliseconds")
    listens = _MODES.get(said.get("mode", "caller"))
    if listens is None:
        raise InputError("mode is caller or listener")
    if listens and passphrase is None:
        raise InputError("anybody could call a listener and send it anything: give a passphrase")
    if listens and stream_id is not None:
        raise InputError("stream_id is for callers: a listener asks for none")
    return SrtSettings(passphrase, stream_id, int(latency), listens)


def _text(name: str, said: dict[str, str], shortest: int, longest: int) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if not (shortest <= len(value.encode()) <= longest and value.isprintable()):
        raise InputError(f"{name} has {shortest} to {longest} bytes, and no control characters")
    return value
