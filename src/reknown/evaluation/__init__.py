"""Error rates with NIST's measures: on scores of any system, or on pictures and our engine.

Scores: make a `ScoreSet`, then ask for `operating_points`, `det_curve` and the rest. Every rate
is a `Rate` with its counts; intervals take into account that comparisons of one person are not
independent. `docs/evaluation.md` shows how; every module has more.
"""

from reknown.evaluation.chance import Resampling, differential
from reknown.evaluation.comparison import compare_systems
from reknown.evaluation.designs import AllPairsDesign, ListedPairsDesign
from reknown.evaluation.differentials import PairTrials, SubjectTrials, group_rates
from reknown.evaluation.disparities import (
    fairness_discrepancy_rate,
    garbe,
    gini,
    inequity_rate,
    max_over_geometric_mean,
    max_over_min,
)
from reknown.evaluation.failures import transaction_rates
from reknown.evaluation.identification import (
    cumulative_match,
    false_negative_identification_rate,
    false_positive_identification_rate,
    searches_from_lists,
    searches_from_scores,
    selectivity,
    threshold_for_fpir,
)
from reknown.evaluation.intervals import (
    Interval,
    clustered_fmr,
    clustered_fnmr,
    clustered_wilson,
    exact,
    vertex_bootstrap,
    wilson,
)
from reknown.evaluation.manifest import Manifest, read_manifest
from reknown.evaluation.pairs import count_pairs
from reknown.evaluation.planning import expected_false_candidates, planned_fmr, planned_fpir
from reknown.evaluation.protocols import all_pairs, gallery_split, official_pairs
from reknown.evaluation.quality import discard_curve
from reknown.evaluation.rates import Rate
from reknown.evaluation.scores import ScoreSet
from reknown.evaluation.templates import TemplateSet, extract
from reknown.evaluation.verification import (
    area_under_curve,
    d_prime,
    det_curve,
    equal_error_rate,
    false_match_rate,
    false_non_match_rate,
    operating_point,
    operating_points,
    threshold_for,
)

__all__ = [
    "AllPairsDesign",
    "Interval",
    "ListedPairsDesign",
    "Manifest",
    "PairTrials",
    "Rate",
    "Resampling",
    "ScoreSet",
    "SubjectTrials",
    "TemplateSet",
    "all_pairs",
    "area_under_curve",
    "clustered_fmr",
    "clustered_fnmr",
    "clustered_wilson",
    "compare_systems",
    "count_pairs",
    "cumulative_match",
    "d_prime",
    "det_curve",
    "differential",
    "discard_curve",
    "equal_error_rate",
    "exact",
    "expected_false_candidates",
    "extract",
    "fairness_discrepancy_rate",
    "false_match_rate",
    "false_negative_identification_rate",
    "false_non_match_rate",
    "false_positive_identification_rate",
    "gallery_split",
    "garbe",
    "gini",
    "group_rates",
    "inequity_rate",
    "max_over_geometric_mean",
    "max_over_min",
    "official_pairs",
    "operating_point",
    "operating_points",
    "planned_fmr",
    "planned_fpir",
    "read_manifest",
    "searches_from_lists",
    "searches_from_scores",
    "selectivity",
    "threshold_for",
    "threshold_for_fpir",
    "transaction_rates",
    "vertex_bootstrap",
    "wilson",
]
