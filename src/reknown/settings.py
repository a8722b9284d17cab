"""What is in effect: built-in defaults, then `reknown.toml`, the environment, and options.

The file is the one that `REKNOWN_CONFIG` names, else `reknown.toml` in the user's configuration
folder, else /etc/reknown/reknown.toml; never one in the current folder.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError
from reknown.configuration import (
    CONFIG,
    DATABASE_PASSWORD,
    KEYRING_PASSWORD,
    OPTIONS,
    SECRETS,
    SECTIONS,
    DatabaseUrl,
    FolderOrUrl,
    Option,
    Settings,
    user_folder,
)
from reknown.storage.small_files import read_small_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Settings", "read_settings"]

FILE = "reknown.toml"
SYSTEM_FOLDER = Path("/etc/reknown")
# Variables that need no section: the first two are from before there were any.
SHORT_NAMES = {
    "server.host": "REKNOWN_HOST",
    "server.port": "REKNOWN_PORT",
    "bulk.cluster": "REKNOWN_CLUSTER",
    "policy.purpose": "REKNOWN_PURPOSE",
    "policy.approval": "REKNOWN_APPROVAL",
}
# a path has lost one of the slashes
_ADDRESS = re.compile(r"[a-z0-9+]{2,}:/")
_SERVER = re.compile(r"postgres(ql(\+psycopg)?)?://")
_LONGEST_SHOWN = 60
_NO_COMMA = "[^,]+"


def read_settings(
    data: Path | None = None, options: Mapping[str, object] | None = None
) -> Settings:
    """The settings of this process, `options` by key (`server.port`) over all other sources.

    `data` is short for the option of that name. Raises `InputError` with everything that is wrong.
    """
    return read_sources({"data": data, **(options or {})}).settings()


def read_sources(options: Mapping[str, object] | None = None) -> Sources:
    """All sources of this process; what is wrong with them is for the caller to ask."""
    sources = Sources()
    path = find_file()
    if path is not None:
        sources.add_file(path)
    sources.add_environment(os.environ)
    sources.add_options(options or {})
    return sources


def find_file() -> Path | None:
    """The file to read, None where there is none; one that `REKNOWN_CONFIG` names may not exist."""
    named = os.environ.get(CONFIG)
    if named:
        return Path(named)
    folders = user_folder(), SYSTEM_FOLDER
    return next((folder / FILE for folder in folders if os.path.exists(folder / FILE)), None)


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process that is to have the same settings, whatever the file says."""
    ours = {CONFIG, *SHORT_NAMES.values(), *(option.variable for option in OPTIONS.values())}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment[CONFIG] = os.devnull
    for option in OPTIONS.values():
        value = getattr(getattr(settings, option.section, settings), option.name)
        if isinstance(value, tuple):
            value = ",".join(value)
        if value not in {None, ""}:
            text = value.absolute() if isinstance(value, Path) else value
            environment[option.variable] = str(text)
    return environment


@dataclass(frozen=True, slots=True)
class Value:
    """What an option is set to by its `source`: default, file, variable or option.

    `name` is the path of that file, or the variable's or the option's name.
    """

    option: Option
    value: Any
    source: str = "default"
    name: str = ""


class Sources:
    """What the sources say, the later over the earlier, and what is wrong with each of them."""

    def __init__(self) -> None:
        self.values = {key: Value(option, option.make_default()) for key, option in OPTIONS.items()}
        self._problems: list[str] = []

    def add_file(self, path: Path) -> None:
        """Relative paths in it start from its folder."""
        import tomllib  # noqa: PLC0415 - most have no file

        try:
            document = tomllib.loads(read_small_text(path))
        except InputError as error:
            self._problems.append(str(error))
        except ValueError as error:  # of the syntax, with line and column, or of the encoding
            self._problems.append(f"{path} is not valid TOML: {error}")
        except RecursionError:
            self._problems.append(f"{path} is nested too deeply")
        else:
            for key, raw in _flat(document):
                self._add_key(path, key, raw)

    def add_environment(self, variables: Mapping[str, str]) -> None:
        """Empty ones count as absent; others that begin like ours may be somebody else's."""
        known = {option.variable: option for option in OPTIONS.values()}
        for key, name in SHORT_NAMES.items():
            if not variables.get(OPTIONS[key].variable):
                known[name] = OPTIONS[key]
        for name, raw in variables.items():
            if raw and name in known:
                self._set(known[name], raw, "variable", name)
            elif re.match("REKNOWN_.*__", name) and name not in known:
                self._problems.append(f"unknown variable {name}{_nearest(name, known)}")

    def add_options(self, options: Mapping[str, object]) -> None:
        """By key; those that are None were not given."""
        for key, raw in options.items():
            if raw is not None:
                option = OPTIONS[key]
                self._set(option, str(raw) if option.kind is Path else raw, "option", option.flag)

    def problems(self) -> list[str]:
        """Everything that is wrong, also of options with each other."""
        return self._built()[1]

    def settings(self) -> Settings:
        """Raises `InputError` with all problems."""
        settings, problems = self._built()
        if len(problems) > 1:
            problems.insert(0, f"{len(problems)} problems in the configuration:")
        if problems:
            raise InputError("\n  ".join(problems))
        return settings

    def _built(self) -> tuple[Settings, list[str]]:
        problems = list(self._problems)
        sections: dict[str, Any] = {}
        for name, struct in SECTIONS.items():
            try:
                sections[name] = struct(**self._of(name))
            except InputError as error:
                problems.append(str(error))
        return Settings(**self._of(""), **sections), problems

    def _of(self, section: str) -> dict[str, Any]:
        values = self.values.values()
        return {each.option.name: each.value for each in values if each.option.section == section}

    def _add_key(self, path: Path, key: str, raw: object) -> None:
        if key in OPTIONS:
            folder = path.parent.absolute()
            self._set(OPTIONS[key], raw, "file", str(path), folder)
        elif key in SECTIONS:
            self._problems.append(f"{path}: {key} must be a table, written as [{key}]")
        else:
            self._problems.append(f"{path}: unknown key {key!r}{_nearest_key(key)}")

    def _set(
        self, option: Option, raw: object, source: str, name: str, folder: Path | None = None
    ) -> None:
        try:
            value = _converted(option, raw, folder)
        except (ValueError, OverflowError):
            place = name if folder is None else f"{name}: {option.key}"
            self._problems.append(f"{place} must be {option.expected}, got {_shown(raw)}")
        else:
            if source != "variable" and isinstance(value, DatabaseUrl) and value.has_secret:
                place = name if folder is None else f"{name}: {option.key}"
                self._problems.append(
                    f"{place} must not hold a password, which others may read there: "
                    f"set {_PASSWORDS[option.key]}, or write it into ~/.pgpass"
                )
                return
            self.values[option.key] = Value(option, value, source, name)


def read_place(text: str, name: str) -> Path | DatabaseUrl:
    """A folder or the address of a database, as an option of this name gives it; `InputError`."""
    try:
        place = _url(text) if _ADDRESS.match(text) else _path(text, None)
    except ValueError as error:
        raise InputError(f"{name} must be a folder, or postgresql://USER@HOST/NAME") from error
    if isinstance(place, DatabaseUrl) and place.has_secret:
        raise InputError(
            f"{name} must not hold a password, which others may read there: "
            f"set {KEYRING_PASSWORD}, or write it into ~/.pgpass"
        )
    return place


def _flat(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", each) for inner, each in value.items())
        else:
            yield name, value


def _converted(option: Option, raw: object, folder: Path | None) -> object:
    """`folder` is that of a file, whose values have types; raises `ValueError`."""
    if option.kind in {int, float}:
        return _number(option, raw, strict=folder is not None)
    if option.kind is bool:
        return _truth(raw, strict=folder is not None)
    if option.kind is tuple:
        names = raw.split(",") if isinstance(raw, str) and folder is None else raw
        return _folders(names, folder) if _is_of_a_server(option) else _names(names)
    if not isinstance(raw, str) or not raw:
        raise ValueError(raw)
    if option.kind is str:
        return raw
    return _place(option, raw, folder)


def _place(option: Option, raw: str, folder: Path | None) -> Path | DatabaseUrl:
    if option.kind is DatabaseUrl or (option.kind is FolderOrUrl and _ADDRESS.match(raw)):
        return _url(raw)
    path = _path(raw, folder)
    return path.absolute() if _is_of_a_server(option) else path


def _folders(raw: object, folder: Path | None) -> tuple[str, ...]:
    """Other processes get them with commas in between."""
    paths = [_path(each, folder).absolute() for each in _names(raw, _NO_COMMA)]
    return _names(paths, _NO_COMMA)


def _is_of_a_server(option: Option) -> bool:
    """Whether it is a folder of what goes on running and starts others."""
    return bool(option.section) and option.about.metavar == "DIR"


_PASSWORDS = {"database": DATABASE_PASSWORD, "keyring": KEYRING_PASSWORD}


def _url(raw: str) -> DatabaseUrl:
    if not _SERVER.match(raw):
        raise ValueError(raw)
    return DatabaseUrl(raw)


def _path(raw: str, folder: Path | None) -> Path:
    if "\0" in raw or _ADDRESS.match(raw):
        raise ValueError(raw)
    return Path(raw) if folder is None else folder / os.path.expanduser(raw)


def _number(option: Option, raw: Any, *, strict: bool) -> float:
    if strict and type(raw) not in {int, option.kind}:  # a bool is an int too
        raise ValueError(raw)
    number: float = option.kind(raw)
    least, most = option.about.least, option.about.most
    if not (-inf if least is None else least) <= number <= (inf if most is None else most):
        raise ValueError(raw)
    return number


def _truth(raw: object, *, strict: bool) -> bool:
    if not strict and isinstance(raw, str):
        raw = {"true": True, "false": False}.get(raw.lower())
    if not isinstance(raw, bool):
        raise ValueError(raw)
    return raw


def _names(raw: object, form: str = r"[^,\s]+") -> tuple[str, ...]:
    names = [str(name).strip() for name in raw] if isinstance(raw, list | tuple) else [""]
    if not all(re.fullmatch(form, name) for name in names):
        raise ValueError(raw)
    return tuple(names)


def _shown(raw: object) -> str:
    if isinstance(raw, str) and (_ADDRESS.match(raw) or "@" in raw):
        return "an address"  # which may hold a password
    try:
        text = repr(raw)
    except ValueError:  # Python writes no integer of thousands of digits
        return "too large a number"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def _nearest_key(key: str) -> str:
    name = key.rpartition(".")[2]
    secret = f"REKNOWN_{name}".upper()
    if secret in SECRETS:
        return f" (secrets come from the environment: set {secret})"
    alike = [other for other, option in OPTIONS.items() if option.name == name]
    return _nearest(key, alike or OPTIONS, 0.0 if alike else 0.5)


def _nearest(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    found = get_close_matches(name, known, 1, cutoff)
    return f" (did you mean {found[0]}?)" if found else ""
