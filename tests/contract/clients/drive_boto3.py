"""Tells its version, then takes a call a line and gives an answer a line: boto3."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError


def main() -> None:
    """Until the input ends."""
    client = boto3.client("rekognition")
    print(json.dumps({"version": boto3.__version__}), flush=True)
    for line in sys.stdin:
        call = json.loads(line, object_hook=_with_bytes)
        print(json.dumps(_carry_out(client, call), default=str), flush=True)


def _with_bytes(members: dict[str, Any]) -> dict[str, Any]:
    if isinstance(members.get("Bytes"), str):
        return members | {"Bytes": base64.b64decode(members["Bytes"])}
    return members


def _carry_out(client: Any, call: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = getattr(client, xform_name(call["operation"]))(**call["input"])
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"status": status, "code": error.response["Error"]["Code"], "answer": {}}
    return {"status": answer["ResponseMetadata"]["HTTPStatusCode"], "code": "", "answer": answer}


if __name__ == "__main__":
    main()
