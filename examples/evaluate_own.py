"""How often are the models wrong about your own people? Prints it, and writes a report.

python examples/evaluate_own.py PEOPLE/ REPORT.html
"""

import sys

from reknown import Reknown

with Reknown() as reknown:
    measured = reknown.evaluate(sys.argv[1])
    print(measured)
    measured.save(sys.argv[2])
