"""Videos built to cost more than they are worth: small files, each of one kind.

They are made of an ordinary two-second clip, whose boxes are taken apart and put together again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hostile_videos import camcorders, elements, fragments, frames, shapes, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Hostile:
    """A kind of hostile video by name; `make` takes how often the bad thing is in it."""

    name: str
    count: int
    make: Callable[[int], bytes]

    def bytes(self) -> bytes:
        """The file."""
        return self.make(self.count)


def kinds() -> Iterator[Hostile]:
    """All of them; the counts are such that each is at most a few megabytes."""
    yield Hostile("edits", 5_000, tables.edits)
    for table in tables.TABLES:
        yield Hostile(f"declared-{table.decode()}", 2**31 - 1, tables.declared(table))
        yield Hostile(f"declared-less-{table.decode()}", 2**27, tables.declared(table))
    yield Hostile("samples-of-one-size", 2**31 - 1, tables.samples_of_one_size)
    yield Hostile("samples-of-no-size", 2**26, tables.samples_of_no_size)
    yield Hostile("sound-only", 2**27, tables.sound_only)
    yield Hostile("shared-samples", 300_000, tables.shared_samples)
    yield Hostile("run", 2**26, fragments.run)
    yield Hostile("runs", 2_000, fragments.runs)
    yield Hostile("fragments", 60_000, fragments.fragments)
    yield Hostile("segments-backwards", 30, fragments.segments_backwards)
    yield Hostile("tracks", 3_000, shapes.tracks)
    yield Hostile("tracks-and-fragments", 900, fragments.tracks_and_fragments)
    yield Hostile("nested", 20_000, shapes.nested)
    yield Hostile("nested-meta", 20_000, shapes.nested_meta)
    yield Hostile("longer-than-anything", 2**62, shapes.longer)
    yield Hostile("names", 100_000, shapes.names)
    yield Hostile("empty-boxes", 400_000, shapes.empty_boxes)
    yield Hostile("packed-header", 2**27, shapes.packed_header)
    yield Hostile("packed-edits", 5_000, shapes.packed_edits)
    yield Hostile("no-timescale", 0, frames.timescale)
    yield Hostile("one-tick-a-second", 1, frames.timescale)
    yield Hostile("longest-duration", 2**63 - 1, frames.duration)
    yield Hostile("negative-duration", 2**64 - 1, frames.duration)
    yield Hostile("hours-between-frames", 7, frames.hours_between)
    yield Hostile("sizes-change", 200, frames.sizes_change)
    yield Hostile("tiny-frames", 2_000, frames.tiny)
    yield Hostile("vp9-of-64k", 65_536, frames.vp9)
    yield Hostile("vp9-of-16k", 16_384, frames.vp9)
    yield Hostile("matroska-tracks", 20_000, elements.matroska_tracks)
    yield Hostile("matroska-cues-backwards", 120_000, elements.matroska_cues)
    yield Hostile("matroska-tags", 100_000, elements.matroska_tags)
    yield Hostile("matroska-nested", 20_000, elements.matroska_nested)
    yield Hostile("avi-streams", 20_000, camcorders.avi_streams)
    yield Hostile("avi-chunks", 400_000, camcorders.avi_chunks)
    yield Hostile("avi-nested", 1_000, camcorders.avi_nested)
    yield Hostile("avi-places", 2**31 - 1, camcorders.avi_places)
    yield Hostile("asf-objects", 100_000, camcorders.asf_objects)
    yield Hostile("asf-declared", 2**31 - 1, camcorders.asf_declared)
    yield Hostile("asf-extended", 100_000, camcorders.asf_extended)
    yield Hostile("asf-streams", 10_000, camcorders.asf_streams)
    yield Hostile("asf-index", 2**31 - 1, camcorders.asf_index)
    yield Hostile("transport-streams", 8_000, camcorders.transport_streams)
    yield Hostile("flash-header", 2**31 - 1, camcorders.flash_header)
    yield Hostile("flash-script", 2**24 - 1, camcorders.flash_script)
    yield Hostile("gif-blocks", 1_000_000, camcorders.gif_blocks)
