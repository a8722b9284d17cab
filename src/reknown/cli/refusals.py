"""What was refused and why: counts and a few examples of each reason, not every file."""

from __future__ import annotations

from collections import Counter

_EXAMPLES = 3
_REASONS = 20


class Refusals:
    """Counts refusals by reason."""

    def __init__(self) -> None:
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, reason: str, what: str) -> None:
        """One more, of this file."""
        self._reasons[reason] += 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < _EXAMPLES:
            examples.append(what)

    def show(self, what: str) -> None:
        """A table of the reasons, the most frequent first; `what` was refused."""
        from reknown.cli.output import print_table

        if not self._reasons:
            return
        rows: list[tuple[object, ...]] = [
            (
                count,
                reason,
                ", ".join(self._examples[reason]) + (", ..." if count > _EXAMPLES else ""),
            )
            for reason, count in self._reasons.most_common(_REASONS)
        ]
        if (more := len(self._reasons) - _REASONS) > 0:
            rows.append(("", f"and {more:,} more reasons: --json names them all", ""))
        print_table((f"{what} ", "refused because", "which"), rows)
