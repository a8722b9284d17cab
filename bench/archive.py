"""An archive of photographs as people have them: scanned, killed, scanned again, searched.

    python -m bench.archive --images FOLDER > archive.json
    python -m bench.archive --images FOLDER --photos 20000 --films 50 --kills 10

Of the images below FOLDER an archive is made: years and events as folders, every tenth photo
twice, one in a hundred cut off or no image at all. `reknown scan` reads it, ended with SIGKILL at
random moments; what it had told of by then has to be there. Then what
did not change is scanned again, a fifth of the folders is moved, people are found, and all are
grouped. The groups' errors are counted over the largest face of each photo, which is of the
person in whose folder its image lay. Beside it the same images are only read, decoded and searched
for faces, one after the other. Status 1 where anything told of was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench import serving

_REKNOWN = Path(sys.executable).with_name("reknown")
_TWICE, _BROKEN, _MOVED = 10, 100, 5
_ALONE = 200


def main() -> None:
    arguments = _parse()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        archive, data = root / "archive", root / "data"
        sources = sorted(arguments.images.rglob("*.jpg"))
        made, people = _make(archive, sources, arguments.photos, rng)
        films = _films(archive, arguments.films)
        serving.say(f"{made.total():,} photos, {films} films")
        told, killed = _killed(archive, data, arguments.kills, rng)
        report: dict[str, Any] = {
            "machine": serving.machine(),
            "files": {**made, "films": films},
            "alone": _alone(sources, rng),
            "killed": killed,
            "scan": _timed(data, "scan", archive, "--json"),
        }
        kept = _kept(data)
        report["lost"] = sum(path not in kept for path in told)
        report["again"] = _timed(data, "scan", archive)
        report["moved"] = _moved(archive, data, rng)
        report["group"] = _timed(data, "groups", "list", "--json")
        report["group_errors"] = _group_errors(data, people)
        report["find"] = _find(data)
        json.dump(report, sys.stdout, indent=1)
    sys.exit(bool(report["lost"]))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--films", type=int, default=5)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _make(
    archive: Path, sources: list[Path], photos: int, rng: random.Random
) -> tuple[Counter[str], dict[str, str]]:
    """Different bytes each, as no two photos are the same: a comment is appended.

    How many of what, and by a photo's name whose folder its image is of.
    """
    made: Counter[str] = Counter()
    people: dict[str, str] = {}
    for number in range(photos):
        source = rng.choice(sources)
        people[f"IMG_{number:06d}.jpg"] = source.parent.name
        data = source.read_bytes() + f"\n{number}".encode()
        folder = archive / str(rng.randint(1998, 2025)) / f"event {rng.randint(1, 40)}"
        folder.mkdir(parents=True, exist_ok=True)
        what = "photos"
        if number % _BROKEN == 7:
            data, what = data[: rng.randint(0, len(data) // 2)], "cut off or empty"
        (folder / f"IMG_{number:06d}.jpg").write_bytes(data)
        made[what] += 1
        if number % _TWICE == 3:
            (folder / f"IMG_{number:06d} (copy).jpg").write_bytes(data)
            made["copies"] += 1
    return made, people


def _films(archive: Path, count: int) -> int:
    if not count:
        return 0
    from reknown.cli.demo_film import write_film

    first = archive / "films" / "0.mp4"
    first.parent.mkdir(parents=True)
    write_film(first)
    data = first.read_bytes()
    for number in range(1, count):
        # boxes of no meaning behind the film make it another one
        free = (8 + 4).to_bytes(4, "big") + b"free" + number.to_bytes(4, "big")
        (first.parent / f"{number}.mp4").write_bytes(data + free)
    return count


def _killed(
    archive: Path, data: Path, kills: int, rng: random.Random
) -> tuple[set[str], dict[str, Any]]:
    """The files told of before each end."""
    told: set[str] = set()
    counts: list[int] = []
    for _ in range(kills):
        process = subprocess.Popen(
            [_REKNOWN, "scan", archive, "--json", "--data", data],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        end = time.monotonic() + rng.uniform(3, 12)
        before = len(told)
        while time.monotonic() < end and (line := process.stdout.readline()):
            told.add(json.loads(line)["file"])
        process.kill()
        process.wait()
        counts.append(len(told) - before)
    return told, {"times": kills, "told_before_each": counts}


def _alone(sources: list[Path], rng: random.Random) -> dict[str, Any]:
    """Images a second where nothing is kept: read, decoded, faces found and embedded."""
    from reknown.runtime.platform import open_platform
    from reknown.services.images.sources import attempt_all
    from reknown.settings import read_settings
    from reknown.vision.extraction import ExtractionPolicy

    some = rng.sample(sources, min(_ALONE, len(sources)))
    with tempfile.TemporaryDirectory() as name, open_platform(read_settings(Path(name))) as it:
        policy = ExtractionPolicy(it.engines.space_of(it.engines.default_pack))
        work = lambda path: it.executor.extract(path.read_bytes(), policy)  # noqa: E731
        list(attempt_all(it, work, some[:8]))
        started = time.monotonic()
        for _ in attempt_all(it, work, some):
            pass
        return {"images": len(some), "a_second": round(len(some) / (time.monotonic() - started), 1)}


def _timed(data: Path, *words: object) -> dict[str, Any]:
    started = time.monotonic()
    done = subprocess.run(
        [_REKNOWN, *map(str, words), "--data", data],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = done.stdout.splitlines()
    return {
        "status": done.returncode,
        "seconds": round(seconds, 2),
        "lines": len(lines),
        "last": lines[-1][:200] if lines else "",
        "most_mib_so_far": round(usage.ru_maxrss / 1024),
    }


def _kept(data: Path) -> set[str]:
    """All files that have been looked at, as the database has them."""
    with sqlite3.connect(data / "reknown.db") as connection:
        rows = connection.execute("SELECT folder, name FROM media_files").fetchall()
    return {os.path.join(folder, name) for folder, name in rows}


def _moved(archive: Path, data: Path, rng: random.Random) -> dict[str, Any]:
    events = sorted(path for year in archive.iterdir() for path in year.iterdir() if path.is_dir())
    for path in rng.sample(events, max(1, len(events) // _MOVED)):
        path.rename(archive / f"{path.parent.name} {path.name}")
    return _timed(data, "scan", archive)


def _group_errors(data: Path, people: dict[str, str]) -> dict[str, Any]:
    from reknown.evaluation.measures.grouping import bootstrapped, grouping_errors

    query = (
        "SELECT f.medium_id, f.name, s.group_id FROM sightings s "
        "JOIN media_files f ON f.medium_id = s.medium_id ORDER BY box_width * box_height"
    )
    with sqlite3.connect(data / "reknown.db") as connection:
        rows = connection.execute(query).fetchall()
    # the largest face of each photo is the last one
    seen = {medium: (people[name], group) for medium, name, group in rows if name in people}
    numbers = {person: number for number, person in enumerate(sorted(set(people.values())))}
    groups = [-1 if group is None else group for _, group in seen.values()]
    owners = [numbers[person] for person, _ in seen.values()]
    found = grouping_errors(groups, owners)
    return {
        "sightings": len(seen),
        "people": len(set(owners)),
        "wrong_pairs": [found.wrong.errors, found.wrong.trials],
        "pairs_apart": [found.apart.errors, found.apart.trials],
        "mixed_groups": [found.mixed.errors, found.mixed.trials],
        **{
            name: [round(getattr(found.scores, name), 5), round(it.low, 5), round(it.high, 5)]
            for name, it in bootstrapped(groups, owners, replicates=200).items()
        },
    }


def _find(data: Path) -> dict[str, Any]:
    """The largest group gets a name, and that person is found."""
    done = subprocess.run(
        [_REKNOWN, "groups", "list", "--as-they-are", "--json", "--data", data],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    largest = json.loads(done.stdout.splitlines()[0])
    _timed(data, "groups", "name", largest["number"], "Ada")
    return {"of_group": largest["sightings"], **_timed(data, "find", "Ada", "--json")}


if __name__ == "__main__":
    main()
