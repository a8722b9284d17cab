"""Images that were made to do harm, through every way in: what they are told and what they cost.

    python -m bench.hostile > hostile.json
    python -m bench.hostile --corpus FOLDER --fairness > hostile.json
    python -m bench.hostile --entrances decoder --sizes small

The 411 files that `tests/hostile` writes, and with `--corpus` all files of a folder: decoded alone,
as `DetectFaces` to a real server, and with `reknown detect`. No answer after 15 seconds is a hang,
and the process is ended; one that stops by itself is a crash. Processor time and memory are those
of all processes concerned. `--fairness` measures what another client notices of ten bombs in
flight. Status 1 for any crash or hang.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import entrances, fairness, serving

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from hostile.catalogue import catalogue
from hostile.file import SIZES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.entrances import Outcome

_SHOWN = 5
_CHEAP_SECONDS = 0.05
_ENTRANCES = ("decoder", "api", "command_line")
_FATES = {"ok": "decoded", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of ours, or of a corpus, of which nothing is expected but an answer."""

    path: Path
    kind: str
    fate: str = "either"

    def right(self, answer: str) -> bool:
        return answer in _FATES and self.fate in ("either", _FATES[answer])


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = _samples(folder / "files", arguments.sizes, arguments.corpus)
        report: dict[str, Any] = {"machine": serving.machine(), "files": len(samples)}
        report["kinds"] = len({sample.kind for sample in samples})
        for entrance in arguments.entrances:
            report[entrance] = _through(entrance, samples, folder / entrance)
        if arguments.fairness:
            bombs = {file.name: file.make() for file in catalogue() if file.name in _needed()}
            report["fairness"] = fairness.measure(bombs, folder / "fair", arguments.seconds)
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")
    faults = (report[each]["summary"] for each in arguments.entrances)
    sys.exit(int(any(summary["crashes"] or summary["hangs"] for summary in faults)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, help="a folder of further files")
    parser.add_argument("--entrances", nargs="*", choices=_ENTRANCES, default=_ENTRANCES)
    parser.add_argument("--sizes", nargs="*", choices=SIZES, default=SIZES)
    parser.add_argument("--fairness", action="store_true")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each part of --fairness")
    return parser.parse_args()


def _needed() -> set[str]:
    return {name for names in fairness.BOMBS.values() for name in names}


def _samples(folder: Path, sizes: Sequence[str], corpus: Path | None) -> list[Sample]:
    folder.mkdir()
    made = []
    for file in catalogue():
        if file.size in sizes:
            (folder / file.name).write_bytes(file.make())
            made.append(Sample(folder / file.name, file.kind, file.fate))
    if corpus is not None:
        paths = sorted(path for path in corpus.rglob("*") if path.is_file())
        made += [Sample(path, "/".join(path.relative_to(corpus).parts[:-1])) for path in paths]
    return made


def _through(entrance: str, samples: Sequence[Sample], folder: Path) -> dict[str, Any]:
    folder.mkdir()
    ways: dict[str, Callable[[], Iterator[Outcome]]] = {
        "decoder": lambda: entrances.decoder(paths),
        "api": lambda: entrances.api(paths, folder),
        "command_line": lambda: entrances.command_line(paths, folder),
    }
    paths = [sample.path for sample in samples]
    serving.say(f"{entrance}: {len(paths)} files")
    started = time.monotonic()
    found = list(zip(samples, ways[entrance](), strict=True))
    seconds = time.monotonic() - started
    serving.say(f"{entrance}: {seconds:.0f} s")
    return {
        "summary": {"seconds": round(seconds)} | _summary(found),
        "files": [_row(sample, outcome) for sample, outcome in found],
    }


def _summary(found: Sequence[tuple[Sample, Outcome]]) -> dict[str, Any]:
    answers = Counter(outcome.answer for _, outcome in found)
    refused = [(sample, outcome) for sample, outcome in found if outcome.answer == "refused"]
    passed = [(sample, outcome) for sample, outcome in found if outcome.answer == "ok"]
    alone = all(outcome.together == 1 for _, outcome in found)
    return {
        "ok": answers["ok"],
        "refused": answers["refused"],
        "crashes": answers["crash"],
        "hangs": answers["hang"],
        "against_expectation": [s.path.name for s, o in found if not s.right(o.answer)],
        "most_cpu": _worst(found, "cpu_seconds"),
        "most_memory": _worst(found, "more_mib"),
        "most_cpu_that_passed": _worst(passed, "cpu_seconds"),
        "slowest_refusals": _worst(refused, "wall_ms") if alone else "measured together",
        "refusals_above_50_cpu_ms": sum(o.cost.cpu_seconds > _CHEAP_SECONDS for _, o in refused),
        "cpu_seconds_in_all": round(sum(outcome.cost.cpu_seconds for _, outcome in found), 1),
    }


def _worst(found: Sequence[tuple[Sample, Outcome]], figure: str) -> list[dict[str, Any]]:
    most = sorted(found, key=lambda each: -getattr(each[1].cost, figure))[:_SHOWN]
    return [
        {"file": sample.path.name, "answer": outcome.answer, figure: _figure(outcome, figure)}
        for sample, outcome in most
    ]


def _figure(outcome: Outcome, figure: str) -> float:
    return round(float(getattr(outcome.cost, figure)), 2)


def _row(sample: Sample, outcome: Outcome) -> dict[str, Any]:
    return {
        "file": sample.path.name,
        "kind": sample.kind,
        "bytes": sample.path.stat().st_size,
        "expected": sample.fate,
        "answer": outcome.answer,
        "reason": outcome.reason,
        "cpu_seconds": _figure(outcome, "cpu_seconds"),
        "wall_ms": outcome.cost.wall_ms,
        "peak_mib": outcome.cost.peak_mib,
        "more_mib": outcome.cost.more_mib,
        "measured_together": outcome.together,
    }


if __name__ == "__main__":
    main()
