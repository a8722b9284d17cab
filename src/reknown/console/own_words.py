"""What the console itself says is wrong: kept as it is written until a language is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import AccessError, InputError

if TYPE_CHECKING:
    from reknown.console.language import Language


class FormError(InputError):
    """What was sent cannot be used; the message is in the catalogs of the console."""

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message % values)
        self.message, self.values = message, values


class DeniedError(AccessError):
    """This person, or this form, may not do this; the message is in the catalogs of the console."""

    def __init__(self, message: str, /, **values: object) -> None:
        super().__init__(message % values)
        self.message, self.values = message, values


def said(language: Language, error: Exception) -> str:
    """What is wrong, in the page's language; what use cases say is marked as English."""
    if isinstance(error, FormError | DeniedError):
        return language.gettext(error.message, **error.values)
    return language.english(str(error))
