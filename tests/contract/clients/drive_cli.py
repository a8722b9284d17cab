"""A call a line from the input, an answer a line to the output, by the AWS command line.

In one process, as starting one takes half a second.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys

from awscli.clidriver import create_clidriver
from botocore import xform_name

_ERROR = re.compile(r"An error occurred \((\w+)\)")


def main() -> None:
    """Until the input ends."""
    # what the command would take for its answers is ours
    driver = create_clidriver()
    for line in sys.stdin:
        call = json.loads(line)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            words = [xform_name(call["operation"], "-"), "--cli-input-json"]
            status = driver.main(["rekognition", *words, json.dumps(call["input"])])
        failed = _ERROR.search(err.getvalue())
        if status and not failed:
            raise SystemExit(err.getvalue())
        result = {
            "status": 400 if failed else 200,
            "code": failed[1] if failed else "",
            "answer": json.loads(out.getvalue() or "{}"),
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
