"""What can go wrong when a notification is sent.

NotifyError                 not delivered as far as is known: try again later
└── RefusedNotifyError      trying again later will not help either
"""

from __future__ import annotations

from reknown.biometrics.errors import ReknownError


class NotifyError(ReknownError):
    """The notification was not delivered as far as is known; it may be later.

    The message is for the operator and holds no secret.
    """


class RefusedNotifyError(NotifyError):
    """The notification will not be delivered, however often it is sent."""
