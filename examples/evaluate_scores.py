"""Error rates of any face recognition system, from its scores alone.

    python examples/evaluate_scores.py

Draws scores for a made-up system; put your own two arrays in their place.
"""

import numpy as np

from reknown.evaluation import ScoreSet, clustered_fnmr, clustered_wilson, operating_points

random = np.random.default_rng(1)
subjects = np.repeat(np.arange(500), 4)
scores = ScoreSet(
    mated=np.where(random.random(2_000) < 0.01, -np.inf, random.normal(0.7, 0.1, 2_000)),
    non_mated=random.normal(0.2, 0.1, 200_000),
    mated_subjects=subjects,
)

for point in operating_points(scores, [1e-2, 1e-3, 1e-4]):
    errors = scores.mated < point.threshold
    interval = clustered_wilson(clustered_fnmr(errors, subjects))
    print(
        f"FMR {point.fmr.errors} of {point.fmr.trials:,} at {point.threshold:.3f}: "
        f"FNMR {point.fnmr.value:.3f} ({point.fnmr.errors} of {point.fnmr.trials:,}; "
        f"95 %: {interval.low:.3f} to {interval.high:.3f}), failures counted as errors"
    )
