"""Compares the largest faces of two pictures from Python.

python examples/compare_two.py A.jpg B.jpg
"""

import sys
from pathlib import Path

from reknown.services.extraction import extract
from reknown.services.photos import read_photo
from reknown.services.verification import verify

from reknown.biometrics.quality_filter import ANY_QUALITY
from reknown.biometrics.thresholds import threshold_at_similarity
from reknown.settings import read_settings
from reknown.vision.load import load_engine
from reknown.vision.packs.store import PackStore

settings = read_settings()
engine = load_engine(PackStore(settings.cache, [settings.packs]), "opencv")
threshold = threshold_at_similarity(engine.calibration, 90)

photos = [read_photo(engine, Path(name)) for name in sys.argv[1:3]]
probe, reference = (extract(engine, p.image, p.faces, ANY_QUALITY, limit=1) for p in photos)
face, comparison = verify(probe, reference, threshold).comparisons[0]

print(f"similarity {comparison.similarity:.1f} of 100")
print(f"strangers reach that once in {1 / comparison.false_match_rate:,.0f} comparisons")
print("at or above the threshold" if comparison.accepted else "below the threshold")
