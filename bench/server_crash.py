"""A server that is killed again and again under load: nothing acknowledged is lost.

    python -m bench.server_crash > crash.json
    python -m bench.server_crash --kills 3 --clients 8 --collections 8 --faces 800

The clients of `server_load` at work; `kill -9` at random moments, `--seconds` apart in the mean,
and each time the server is started again on the same port and data folder while the clients try
on. At the end everything acknowledged has to be there, nothing acknowledged as deleted may be
back, and the store has to be what follows from the ledger: so a request without an answer was
either carried out, with its row, or not at all.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from bench import checking, serving
from bench.server_load import fill, load, parse


def main() -> None:
    arguments = parse(4, kills=20)
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", serving.free_port()
        server = serving.start(data, port)
        first = server.ready_seconds
        try:
            filler = serving.make_key(data, server.address)
            plans, filling = fill(filler, arguments)
            access = serving.make_key(data, server.address)
            ready: list[float] = []
            started = time.monotonic()
            with load(access, plans, Path(folder) / "stop", crashes=True) as records:
                chance = random.Random(0)
                for kill in range(arguments.kills):
                    time.sleep(chance.uniform(0.25, 1.75) * arguments.seconds)
                    server.process.kill()
                    server.process.wait()
                    server = serving.start(data, port)
                    ready.append(server.ready_seconds)
                    serving.say(f"kill {kill + 1}: ready after {ready[-1]:.2f} s")
                time.sleep(arguments.seconds)
            seconds = time.monotonic() - started
            serving.say("checking")
            answered = {request for record in records for request, _, _ in record.answers}
            ledger = checking.read_ledger(data).events
            rows = [event for event in ledger if event.actor == f"key:{access.key_id}"]
            report = {
                "clients": arguments.clients,
                "machine": serving.machine(),
                "filling": filling,
                "seconds": round(seconds, 1),
                "kills": len(ready),
                "seconds_to_ready": {
                    "empty": round(first, 2),
                    "median": round(statistics.median(ready), 2),
                    "max": round(max(ready), 2),
                },
                "requests": {
                    "answered": len(answered),
                    "not_sent_as_nobody_listened": sum(record.not_sent for record in records),
                    "without_answer": dict(sum((r.unanswered for r in records), Counter())),
                    "without_answer_but_done": sum(e.request_id not in answered for e in rows),
                },
                "verdict": checking.verdict(serving.RawClient(filler), data, records),
                "latencies": checking.latencies(records),
            }
        finally:
            server.stop()
    json.dump(report, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
