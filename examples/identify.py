"""Who of the people enrolled might be in an image?

python examples/identify.py PARTY.jpg
"""

import sys

from reknown import Reknown

with Reknown() as reknown:
    print(reknown.identify(sys.argv[1]))
