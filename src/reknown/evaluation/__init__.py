"""Error rates with NIST's measures: on scores of any system, or on images and our engine.

Scores: make a `ScoreSet`, then ask for `operating_points`, `det_curve` and the rest. Every rate
is a `Rate` with its counts; intervals take into account that comparisons of one person are not
independent. What the commands print and write are the `..._report` functions; `report.figures`
is plain JSON, and `reknown.reporting.page.render` makes the page. `docs/how-to/evaluate.md` shows
how; every module has more.
"""

from reknown.biometrics.rates import Interval, Rate, wilson
from reknown.evaluation.data.duplicates import find_duplicates
from reknown.evaluation.data.images import EvaluatedImages
from reknown.evaluation.data.manifest import Manifest, read_manifest
from reknown.evaluation.data.pairs import count_pairs
from reknown.evaluation.data.protocols import all_pairs, gallery_split, official_pairs
from reknown.evaluation.data.score_files import ScoreFile, read_score_file
from reknown.evaluation.data.templates import TemplateSet, extract
from reknown.evaluation.measures.audit import false_positives, share_of_hits, threshold_curve
from reknown.evaluation.measures.chance import Resampling, differential
from reknown.evaluation.measures.comparison import compare_systems
from reknown.evaluation.measures.designs import AllPairsDesign, ListedPairsDesign
from reknown.evaluation.measures.differentials import (
    PairTrials,
    SubjectTrials,
    cross_matrix,
    group_rates,
    mated_trials,
    non_mated_trials,
    subject_groups,
)
from reknown.evaluation.measures.disparities import (
    fairness_discrepancy_rate,
    garbe,
    gini,
    inequity_rate,
    max_over_geometric_mean,
    max_over_min,
)
from reknown.evaluation.measures.failures import transaction_rates
from reknown.evaluation.measures.identification import (
    cumulative_match,
    false_negative_identification_rate,
    false_positive_identification_rate,
    searches_from_lists,
    searches_from_scores,
    selectivity,
    threshold_for_fpir,
)
from reknown.evaluation.measures.intervals import (
    clustered_fmr,
    clustered_fnmr,
    clustered_wilson,
    exact,
    vertex_bootstrap,
)
from reknown.evaluation.measures.planning import (
    expected_false_candidates,
    planned_fmr,
    planned_fpir,
    planned_threshold,
)
from reknown.evaluation.measures.presentation import attack_rates, bona_fide_rates, bpcer_at_apcer
from reknown.evaluation.measures.quality import discard_curve
from reknown.evaluation.measures.scores import ScoreSet
from reknown.evaluation.measures.verification import (
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
from reknown.evaluation.runs.audit import AuditPlan, congress_report
from reknown.evaluation.runs.calibrate import (
    calibrate_images,
    calibrate_scores,
    calibration_report,
)
from reknown.evaluation.runs.calibration_toml import calibration_toml
from reknown.evaluation.runs.compare import image_comparison, score_comparison
from reknown.evaluation.runs.galleries import IdentificationPlan
from reknown.evaluation.runs.gallery_plan import threshold_plan
from reknown.evaluation.runs.group_data import GroupThreshold, data_of_images, data_of_scores
from reknown.evaluation.runs.groups import groups_report
from reknown.evaluation.runs.identify import identification_report
from reknown.evaluation.runs.judging import GroupPlan
from reknown.evaluation.runs.verify import score_report, verification_report
from reknown.reporting.report import Report

__all__ = [
    "AllPairsDesign",
    "AuditPlan",
    "EvaluatedImages",
    "GroupPlan",
    "GroupThreshold",
    "IdentificationPlan",
    "Interval",
    "ListedPairsDesign",
    "Manifest",
    "PairTrials",
    "Rate",
    "Report",
    "Resampling",
    "ScoreFile",
    "ScoreSet",
    "SubjectTrials",
    "TemplateSet",
    "all_pairs",
    "area_under_curve",
    "attack_rates",
    "bona_fide_rates",
    "bpcer_at_apcer",
    "calibrate_images",
    "calibrate_scores",
    "calibration_report",
    "calibration_toml",
    "clustered_fmr",
    "clustered_fnmr",
    "clustered_wilson",
    "compare_systems",
    "congress_report",
    "count_pairs",
    "cross_matrix",
    "cumulative_match",
    "d_prime",
    "data_of_images",
    "data_of_scores",
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
    "false_positives",
    "find_duplicates",
    "gallery_split",
    "garbe",
    "gini",
    "group_rates",
    "groups_report",
    "identification_report",
    "image_comparison",
    "inequity_rate",
    "mated_trials",
    "max_over_geometric_mean",
    "max_over_min",
    "non_mated_trials",
    "official_pairs",
    "operating_point",
    "operating_points",
    "planned_fmr",
    "planned_fpir",
    "planned_threshold",
    "read_manifest",
    "read_score_file",
    "score_comparison",
    "score_report",
    "searches_from_lists",
    "searches_from_scores",
    "selectivity",
    "share_of_hits",
    "subject_groups",
    "threshold_curve",
    "threshold_for",
    "threshold_for_fpir",
    "threshold_plan",
    "transaction_rates",
    "verification_report",
    "vertex_bootstrap",
    "wilson",
]
