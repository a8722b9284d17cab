"""Worker, server, broker and cloud are killed in turn while live events are told: is any lost?

    python -m bench.live_kills > live_kills.json
    python -m bench.live_kills --kills 30

Two cameras' events are appended twenty times a second, and told a webhook, an MQTT broker (Debian's
mosquitto), an SNS topic and a client of `GET /events`, which goes on where it was; records of one
go into a Kinesis data stream, those of the other into a bucket. Every one or two seconds one of
worker, server and broker is ended with `kill -9` and started again, or the server that speaks AWS
(moto) leaves its port and comes back. Then all that was appended has to have
arrived each way, that of a camera in its order; what came again is counted. Status 1 for any fault.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from live_kills import kill_in_turn


def main() -> int:
    """Prints the counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = kill_in_turn(Path(folder), wanted.kills, wanted.seed)
    print(json.dumps(found, indent=2))
    ways = [each for each in found.values() if isinstance(each, dict)]
    return int(any(each["missing"] or each["out of order"] for each in ways))


if __name__ == "__main__":
    sys.exit(main())
