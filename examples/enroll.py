"""Enrols people from a folder with a folder of images for each of them.

python examples/enroll.py PEOPLE/
"""

import sys

from reknown import Reknown

with Reknown() as reknown:
    print(reknown.enroll(sys.argv[1]))
