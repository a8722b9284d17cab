"""Who of the people enrolled might appear in a video, and when?

python examples/video_who.py PARTY.mp4
"""

import sys

from reknown import Reknown

with Reknown() as reknown:
    print(reknown.video(sys.argv[1]))
