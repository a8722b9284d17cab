"""Tells its version, then takes a call a line and gives an answer a line: the AWS command line.

In one process, as starting one takes half a second. Images go to files in the working folder.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from awscli import __version__  # type: ignore[import-untyped]
from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]

try:
    from awscli.botocore import xform_name  # type: ignore[import-untyped]  # version 2
except ImportError:
    from botocore import xform_name

# older versions do not read the endpoint from the environment
_ALWAYS = ["--no-paginate", "--endpoint-url", os.environ["AWS_ENDPOINT_URL_REKOGNITION"]]
_ERROR = re.compile(r"An error occurred \((\w+)\)")


def main() -> None:
    """Until the input ends."""
    print(json.dumps({"version": __version__}), flush=True)
    driver = create_clidriver()
    for line in sys.stdin:
        call = json.loads(line)
        print(json.dumps(_carry_out(driver, call["operation"], call["input"])), flush=True)


def _carry_out(driver: Any, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    images = _images(parameters)
    rest = {name: value for name, value in parameters.items() if not _is_image(value)}
    words = [xform_name(operation, "-"), *images, "--cli-input-json", json.dumps(rest)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = driver.main([*_ALWAYS, "rekognition", *words])
    if "Invalid choice" in err.getvalue():
        return {"status": 0, "code": "NotInThisSDK", "answer": {}}
    failed = _ERROR.search(err.getvalue())
    if status and not failed:
        raise SystemExit(err.getvalue())
    return {
        "status": 400 if failed else 200,
        "code": failed[1] if failed else "",
        "answer": json.loads(out.getvalue() or "{}"),
    }


def _images(parameters: dict[str, Any]) -> list[str]:
    """Files and the options that name them."""
    words = []
    for name, value in parameters.items():
        if _is_image(value):
            place = Path(f"{name}.jpg")
            place.write_bytes(base64.b64decode(value["Bytes"]))
            words += [f"--{xform_name(name, '-')}-bytes", f"fileb://{place}"]
    return words


def _is_image(value: object) -> bool:
    return isinstance(value, dict) and "Bytes" in value


if __name__ == "__main__":
    main()
