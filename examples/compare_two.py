"""Might these two images be of one person? Compares the largest face of A with those of B.

python examples/compare_two.py A.jpg B.jpg
"""

import sys

from reknown import Reknown

with Reknown() as reknown:
    print(reknown.compare(sys.argv[1], sys.argv[2], similarity=90))
