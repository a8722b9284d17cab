"""Tells its version, then takes a call a line and gives an answer a line: curl, which signs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_KEY = f"{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}"
_COMMAND = (
    "curl",
    "--silent",
    "--show-error",
    "--aws-sigv4",
    f"aws:amz:{os.environ['AWS_REGION']}:rekognition",
    "--config",
    "-",
    "--write-out",
    "\n%{http_code}",
)


def main() -> None:
    """Until the input ends."""
    words = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
    print(json.dumps({"version": words.stdout.split()[1]}), flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        print(json.dumps(_carry_out(call["operation"], call["input"])), flush=True)


def _carry_out(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    Path("body.json").write_text(json.dumps(parameters))
    # in a file, as everybody may see a command line
    options = (
        ("url", os.environ["AWS_ENDPOINT_URL_REKOGNITION"] + "/"),
        ("user", _KEY),
        ("header", "Content-Type: application/x-amz-json-1.1"),
        ("header", f"X-Amz-Target: RekognitionService.{operation}"),
        ("data-binary", "@body.json"),
    )
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in options)
    done = subprocess.run(_COMMAND, input=lines, capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    answer = json.loads(body or "{}")
    return {"status": int(status), "code": answer.get("__type", ""), "answer": answer}


if __name__ == "__main__":
    main()
