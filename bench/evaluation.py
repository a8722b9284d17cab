"""Time and memory of `evaluate verify` on all pairs of 10,000 images: 50 million comparisons.

    python bench/evaluation.py [IMAGES] > evaluation.json

Templates are drawn, not made: what is measured is everything after them, from the search for
duplicates to the page of HTML. The peer is what a script would do: all scores in one array, and
scikit-learn's `det_curve` on it; it gives the curve and nothing else, no interval and no report.
Each runs in a process of its own. Memory is the highest resident set, the interpreter and all
imports included.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from reknown.biometrics.templates import TemplateSpace
from reknown.evaluation.data.duplicates import (
    ImageMarks,
    no_duplicates,
)
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.manifest import Manifest, Sample
from reknown.evaluation.data.templates import TemplateSet
from reknown.evaluation.runs.verify import verification_report
from reknown.reporting.page import render

_DIMENSION = 384
_PER_SUBJECT = 2
_SPREAD = 1.7
_TARGET = 1e-5


def main() -> None:
    words = sys.argv[1:]
    if len(words) == 2:
        count = int(words[1])
        print(json.dumps(_ours(count) if words[0] == "reknown" else _peer(count)))
        return
    count = int(words[0]) if words else 10_000
    runs = {name: _apart(name, count) for name in ("reknown", "scikit-learn")}
    print(json.dumps({"pictures": count, "comparisons": count * (count - 1) // 2} | runs, indent=2))


def _apart(name: str, count: int) -> object:
    command = [sys.executable, __file__, name, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _ours(count: int) -> dict[str, object]:
    drawn = _drawn(count)
    started = time.perf_counter()
    report = verification_report(EvaluatedImages.of(drawn.manifest, drawn.templates))
    page = render(report)
    seconds = time.perf_counter() - started
    point = next(p for p in report.figures["points"] if p["target_fmr"] == _TARGET)
    return {
        "fnmr": point["fnmr"]["rate"],
        "html_bytes": len(page),
        **_spent(seconds),
    }


def _peer(count: int) -> dict[str, object]:
    from sklearn.metrics import det_curve

    drawn = _drawn(count)
    started = time.perf_counter()
    vectors, subjects = drawn.templates.vectors, drawn.manifest.subjects()[0]
    places = [np.arange(row + 1, count) for row in range(count)]
    scores = np.concatenate([vectors[row] @ vectors[row + 1 :].T for row in range(count)])
    mated = np.concatenate([subjects[row] == subjects[at] for row, at in enumerate(places)])
    fmr, fnmr, _ = det_curve(mated, scores)
    seconds = time.perf_counter() - started
    return {"fnmr": float(fnmr[np.argmax(fmr <= _TARGET)]), **_spent(seconds)}


def _spent(seconds: float) -> dict[str, float]:
    # Not getrusage: that counts the memory of the process that started this one too.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)
    return {"seconds": round(seconds, 1), "peak_mib": round(peak / 1024)}


def _drawn(count: int) -> EvaluatedImages:
    """Two images each of half as many people; every figure from one seed."""
    random = np.random.default_rng(1)
    samples = tuple(
        Sample(row + 1, Path(f"{row // _PER_SUBJECT:06}/{row}.jpg"), f"{row // _PER_SUBJECT:06}",
               None, {})
        for row in range(count)
    )  # fmt: skip
    people = random.normal(size=(-(-count // _PER_SUBJECT), _DIMENSION))
    vectors = np.repeat(people, _PER_SUBJECT, axis=0)[:count]
    vectors += _SPREAD * random.normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    marks = ImageMarks(
        tuple(f"{row:064x}" for row in range(count)),
        random.integers(0, 2**63, count).astype(np.uint64),
        random.integers(0, 256, (count, 256)).astype(np.uint8),
    )
    templates = TemplateSet(
        space=TemplateSpace("drawn", "0" * 64, _DIMENSION),
        detector="0" * 64,
        choose="central",
        vectors=vectors.astype(np.float32),
        quality=random.integers(0, 101, count).astype(np.int16),
        failed=np.zeros(count, bool),
        reasons=("",) * count,
        images=marks,
    )
    manifest = Manifest(Path(), samples, (), "")
    return EvaluatedImages(manifest, templates, no_duplicates())


if __name__ == "__main__":
    main()
