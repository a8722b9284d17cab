"""Plays a pipeline of GStreamer, to be run with the system's own Python, which has its bindings:

    /usr/bin/python3 tests/gstreamer.py PIPELINE

says "playing" when it has begun, and goes on until SIGTERM, at which it closes its connections.
"""

from __future__ import annotations

import signal
import sys

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # type: ignore[import-not-found]  # noqa: E402


def main(words: str) -> None:
    """Plays it."""
    Gst.init(None)
    pipeline = Gst.parse_launch(words)
    loop = GLib.MainLoop()
    GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGTERM, loop.quit)
    pipeline.set_state(Gst.State.PLAYING)
    print("playing", flush=True)
    loop.run()
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main(*sys.argv[1:])
