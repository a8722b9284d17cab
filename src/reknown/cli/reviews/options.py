"""Arguments that the commands for reviews share."""

from __future__ import annotations

from typing import Annotated

import typer

CaseId = Annotated[
    str, typer.Argument(metavar="CASE", help="Id of the case, as `reviews list` shows it.")
]
