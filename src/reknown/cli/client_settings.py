"""What AWS clients need in order to find this server: for a shell, and as a named profile."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.configuration import DEFAULT_REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_KEY = "# no access key is left; to make one: reknown keys create"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Where the server is, and the key to call it with.

    `key_id` is None where no key is left, `secret` where it cannot be shown again.
    `certificate` is the file that the server shows, of HTTPS.
    """

    address: str
    key_id: str | None
    secret: str | None
    certificate: Path | None = None

    def exports(self) -> str:
        """For one shell, and every AWS client that is started there."""
        return "\n".join(self._exports())

    def exports_and_profile(self) -> str:
        """The same, and then a profile, which a shell passes over."""
        return "\n".join(
            [
                *self._exports(),
                "",
                "# Or leave the key that this shell has for S3 and the rest alone: put the profile",
                "# below into ~/.aws/config, for clients of Rekognition only.",
                ": <<'PROFILE'",
                *self._profile(),
                "PROFILE",
            ]
        )

    def _exports(self) -> Iterator[str]:
        for name, value in self._key().items():
            yield f"{self._remark}export {name.upper()}={shlex.quote(value)}"
        if self.key_id is None:
            yield _NO_KEY
        yield f"export AWS_REGION={DEFAULT_REGION} AWS_DEFAULT_REGION={DEFAULT_REGION}"
        yield f"export AWS_ENDPOINT_URL_REKOGNITION={self.address}"
        yield f"export AWS_DATA_PATH={shlex.quote(_models())}"
        if self.certificate is not None:
            path = shlex.quote(str(self.certificate.absolute()))
            yield f"# if no public authority signed the certificate: export AWS_CA_BUNDLE={path}"

    def _profile(self) -> Iterator[str]:
        yield "[profile reknown]"
        if self.key_id is None:
            yield _NO_KEY
        for name, value in self._key().items():
            yield f"{self._remark}{name} = {value}"
        yield f"region = {DEFAULT_REGION}"
        yield f"data_path = {_models()}"
        if self.certificate is not None:
            yield f"# ca_bundle = {self.certificate.absolute()}"
        yield "services = reknown"
        yield "[services reknown]"
        yield "rekognition ="
        yield f"  endpoint_url = {self.address}"

    def _key(self) -> dict[str, str]:
        if self.key_id is None:
            return {}
        return {"aws_access_key_id": self.key_id, "aws_secret_access_key": self.secret or "..."}

    @property
    def _remark(self) -> str:
        """A key id without its secret would only break the one the shell already has."""
        return "# " if self.secret is None else ""


def _models() -> str:
    return str(files("reknown.api") / "models")
