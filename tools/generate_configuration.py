"""Writes docs/reference/configuration.md: every option, variable and key of the configuration.

    .venv/bin/python tools/generate_configuration.py [--check]

`--check` writes nothing and ends with 1 when the file is not up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reknown.configuration import CONFIG, OPTIONS, SECRETS, STRUCTS, Option
from reknown.settings import FILE, SHORT_NAMES, SYSTEM_FOLDER

_PAGE = Path(__file__).parent.parent / "docs" / "reference" / "configuration.md"
_COLUMNS = ("Key", "Variable", "Option", "Takes", "Default", "Meaning")
_HEAD = f"""# Configuration

Four sources say what is in effect. Each overrides the ones before it:

1. the built-in defaults below,
2. one file in TOML: the one that `--config FILE` or the variable `{CONFIG}` names, else
   `{FILE}` in the user's configuration folder (`~/.config/reknown/` on Linux), else
   `{SYSTEM_FOLDER / FILE}`; never a file in the current folder,
3. environment variables; empty ones count as not set, and lists are separated by commas,
4. command-line options: `serve` takes all but those of `[worker]` and `[bulk]`, `worker` all but
   those of `[server]` and `[bulk]`; other commands take `--data`, `--database`, `--pack` and
   `--cluster` where they use them.

An unknown key, an unknown variable with two underscores, or a value of the wrong type is an error.
Relative paths start from the folder of the file that they stand in, elsewhere from the current one,
and in the file `~` is the user's home. The workers that `serve` starts have its settings.

```console
$ reknown config example > reknown.toml    # every option with its default, commented out
$ reknown config check reknown.toml        # all mistakes at once; the exit status is 1 if any
$ reknown config show                      # what is in effect, and where it comes from
```

This page is generated: `tools/generate_configuration.py`.
"""


def page() -> str:
    """The whole page."""
    tables = [_table(name, struct.__doc__ or "") for name, struct in STRUCTS.items()]
    secrets = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in SECRETS.items())
    return (
        _HEAD
        + "".join(tables)
        + "\n## Secrets\n\nThese are variables alone: no file and no option takes them, and "
        + f"`config show` says only whether they are set.\n\n| Variable | |\n|---|---|\n{secrets}"
    )


def _table(section: str, meaning: str) -> str:
    rows = [_COLUMNS, ("---",) * len(_COLUMNS)]
    rows += [_row(option) for option in OPTIONS.values() if option.section == section]
    title = f"`[{section}]`" if section else "Before the first section"
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"\n## {title}\n\n{meaning}\n\n{lines}"


def _row(option: Option) -> tuple[str, ...]:
    variables = [option.variable]
    if option.key in SHORT_NAMES:
        variables.append(SHORT_NAMES[option.key])
    repeated = ", may be repeated" if option.kind is tuple else ""
    return (
        f"`{option.name}`",
        " or ".join(f"`{name}`" for name in variables),
        f"`{option.flags}`{repeated}",
        option.expected,
        option.default_text or "not set",
        option.about.meaning,
    )


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        sys.exit(not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != text)
    _PAGE.parent.mkdir(exist_ok=True)
    _PAGE.write_text(text, encoding="utf-8")
