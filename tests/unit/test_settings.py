from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from reknown import settings
from reknown.biometrics.errors import InputError
from reknown.configuration import Objects, Server, Settings, Worker
from reknown.settings import environment_of, find_file, read_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that is read."""
    path = tmp_path / "etc" / "reknown.toml"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setenv("REKNOWN_CONFIG", str(path))
    return path


def _error() -> str:
    with pytest.raises(InputError) as raised:
        read_settings()
    return str(raised.value)


def test_options_override_variables_which_override_the_file_which_overrides_defaults(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('[server]\nhost = "::1"\nport = 1\nqueue = 1\n')
    monkeypatch.setenv("REKNOWN_SERVER__PORT", "2")
    monkeypatch.setenv("REKNOWN_SERVER__QUEUE", "2")
    found = read_settings(options={"server.queue": 3, "server.port": None}).server
    assert found == Server(host="::1", port=2, queue=3)


def test_the_data_folder_may_be_given_by_itself(tmp_path: Path) -> None:
    assert read_settings().data == tmp_path / "data"
    assert read_settings(Path("here")).data == Path("here")


def test_paths_in_the_file_start_from_its_folder_and_others_from_the_current_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("REKNOWN_CACHE", "cache")
    file.write_text('cache = "x"\n[server]\ntls_key = "../key"\ntls_certificate = "~/cert"\n')
    found = read_settings()
    assert found.cache == Path("cache")
    assert found.server.tls_key == file.parent / "../key"
    assert found.server.tls_certificate == Path("/home/someone/cert")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 1", "unknown key 'server.prot' (did you mean server.port?)"),
        ("port = 1", "unknown key 'port' (did you mean server.port?)"),
        ("[sever]\nport = 1", "unknown key 'sever.port' (did you mean server.port?)"),
        ("colour = 1", "unknown key 'colour'"),
        ("server = 1", "server must be a table, written as [server]"),
        ('[server]\nport = "80"', "server.port must be an integer from 0 to 65535, got '80'"),
        ("[server]\nport = 65536", "server.port must be an integer from 0 to 65535, got 65536"),
        ("[server]\nport = true", "server.port must be an integer from 0 to 65535, got True"),
        (
            '[server]\nlocal_commands = "true"',
            "server.local_commands must be true or false, got 'true'",
        ),
        ("[server]\nlocal_commands = 1", "server.local_commands must be true or false, got 1"),
        ("[server]\nqueue = -1", "server.queue must be an integer of at least 0, got -1"),
        ('[server]\nhost = ""', "server.host must be a string, got ''"),
        ("data = 5", "data must be a path, got 5"),
        ('data = "a\\u0000b"', "data must be a path, got 'a\\x00b'"),
        ('[objects]\nallow_bucket = "a"', "objects.allow_bucket must be a list of names, got 'a'"),
        (
            "[worker]\nlease_seconds = nan",
            "worker.lease_seconds must be a number from 1 to 86400 (seconds), got nan",
        ),
    ],
)
def test_a_mistake_in_the_file_names_file_key_and_what_is_expected(
    file: Path, text: str, message: str
) -> None:
    file.write_text(text)
    assert _error() == f"{file}: {message}"


def test_a_secret_in_the_file_is_sent_to_the_environment_and_not_shown(file: Path) -> None:
    file.write_text('[notices]\nwebhook_secret = "whsec_1234"')
    message = _error()
    assert "set REKNOWN_WEBHOOK_SECRET" in message
    assert "1234" not in message


def test_an_address_for_a_folder_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REKNOWN_DATA", "postgresql+psycopg://me:secret@db/faces")
    assert _error() == "REKNOWN_DATA must be a path, got an address"


def test_broken_syntax_is_placed(file: Path) -> None:
    file.write_text("[server]\nport = = 1\n")
    assert str(file) in _error()
    assert "line 2, column 8" in _error()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[worker]\nlease_seconds = " + "9" * 400, "must be a number from 1 to 86400"),
        ("[server]\nport = 0x" + "F" * 6000, "got too large a number"),
        ("data = " + "[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_too_large_for_python_is_a_mistake_too(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    assert message in _error()


def test_what_cannot_be_read_as_the_file_is_said(file: Path) -> None:
    file.write_bytes(b'host = "\xff"')
    assert f"{file} is no text in UTF-8" in _error()
    file.unlink()
    assert _error() == f"cannot read {file}: no such file or directory"
    file.mkdir()
    assert _error() == f"cannot read {file}: is a directory"


def test_all_mistakes_are_said_at_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("colour = 1\n[server]\nport = -1\n[objects]\nallow_bucket = ['media']\n")
    monkeypatch.setenv("REKNOWN_SERVER__QUEUE", "many")
    monkeypatch.setenv("REKNOWN_SERVER__TLS_KEY", "key.pem")
    head, *problems = _error().split("\n  ")
    assert head == "5 problems in the configuration:"
    assert [problem.removeprefix(f"{file}: ") for problem in problems] == [
        "unknown key 'colour'",
        "server.port must be an integer from 0 to 65535, got -1",
        "REKNOWN_SERVER__QUEUE must be an integer of at least 0, got 'many'",
        "HTTPS needs both --tls-certificate and --tls-key",
        "--allow-bucket needs --buckets or --s3-endpoint",
    ]


def test_variables_have_sections_lists_and_short_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKNOWN_OBJECTS__BUCKETS", "buckets")
    monkeypatch.setenv("REKNOWN_OBJECTS__ALLOW_BUCKET", "media, archive")
    monkeypatch.setenv("REKNOWN_HOST", "0.0.0.0")
    monkeypatch.setenv("REKNOWN_PORT", "81")
    monkeypatch.setenv("REKNOWN_PACK", "")
    found = read_settings()
    assert found.objects == Objects(
        buckets=Path("buckets").absolute(), allow_bucket=("media", "archive")
    )
    assert (found.server.host, found.server.port, found.pack) == ("0.0.0.0", 81, "opencv")


def test_a_full_name_beats_a_short_one_that_somebody_else_has_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REKNOWN_PORT", "tcp://10.0.0.1:80")  # as Kubernetes does
    assert _error() == "REKNOWN_PORT must be an integer from 0 to 65535, got an address"
    monkeypatch.setenv("REKNOWN_SERVER__PORT", "81")
    assert read_settings().server.port == 81


def test_an_unknown_variable_is_a_mistake_if_it_has_a_section(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REKNOWN_SERVICE_HOST", "10.0.0.1")
    read_settings()
    monkeypatch.setenv("REKNOWN_SERVER__PROT", "1")
    assert _error() == (
        "unknown variable REKNOWN_SERVER__PROT (did you mean REKNOWN_SERVER__PORT?)"
    )


def test_the_users_file_is_found_before_the_systems_and_none_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REKNOWN_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(settings, "SYSTEM_FOLDER", tmp_path / "system")
    monkeypatch.chdir(tmp_path)
    Path("reknown.toml").touch()
    assert find_file() is None
    for folder in (tmp_path / "system", tmp_path / "user" / "reknown"):
        folder.mkdir(parents=True)
        (folder / "reknown.toml").touch()
        assert find_file() == folder / "reknown.toml"


def test_a_process_of_ours_gets_the_same_settings_whatever_the_file_says_then(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("[server]\nqueue = 7\n")
    monkeypatch.setenv("REKNOWN_PORT", "81")
    monkeypatch.setenv("REKNOWN_WEBHOOK_SECRET", "kept")
    options = {
        "data": Path("here"),
        "objects.buckets": Path("there"),
        "objects.allow_bucket": ["a", "b"],
        "worker.lease_seconds": 1.5,
    }
    environment = environment_of(read_settings(options=options))
    file.write_text("broken")
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = read_settings()
    assert os.environ["REKNOWN_WEBHOOK_SECRET"] == "kept"
    assert found == Settings(
        data=Path("here").absolute(),
        cache=found.cache,
        packs=found.packs,
        server=Server(port=81, queue=7),
        objects=Objects(buckets=Path("there").absolute(), allow_bucket=("a", "b")),
        worker=Worker(lease_seconds=1.5),
    )


def test_folders_of_a_server_are_absolute_whoever_names_them(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "a b"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("REKNOWN_OBJECTS__UPLOADS", "up")
    monkeypatch.setenv("HOME", "/home/someone")
    file.write_text('[server]\nbackup_folder = "~/kept"\nevaluation_folder = ["known", "/all"]\n')
    found = read_settings(options={"objects.buckets": "media"})
    assert found.objects.uploads == here / "up"
    assert found.objects.buckets == here / "media"
    assert found.server.backup_folder == Path("/home/someone/kept")
    assert found.server.evaluation_folder == (str(file.parent / "known"), "/all")
    options = {"server.evaluation_folder": ["people", "others"]}
    found = read_settings(options=options)
    assert found.server.evaluation_folder == (str(here / "people"), str(here / "others"))
    for name, value in environment_of(found).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    assert read_settings() == found


def test_a_bucket_name_that_no_list_can_hold_is_refused() -> None:
    options = {"objects.buckets": Path("x"), "objects.allow_bucket": ["a,b"]}
    with pytest.raises(InputError, match="--allow-bucket must be a list of names"):
        read_settings(options=options)


def test_reading_settings_loads_nothing_heavy() -> None:
    program = """
import sys
from reknown.settings import read_settings
read_settings()
print(sorted({"numpy", "sqlalchemy", "typer", "cryptography"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False)])
def test_true_and_false_come_from_files_variables_and_options(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str, value: bool
) -> None:
    file.write_text(f"[server]\nlocal_commands = {text.lower()}\n")
    assert read_settings().server.local_commands is value
    monkeypatch.setenv("REKNOWN_SERVER__LOCAL_COMMANDS", text)
    assert read_settings().server.local_commands is value
    options = {"server.local_commands": not value}
    assert read_settings(options=options).server.local_commands is not value
    assert environment_of(read_settings())["REKNOWN_SERVER__LOCAL_COMMANDS"] == str(value)
    monkeypatch.setenv("REKNOWN_SERVER__LOCAL_COMMANDS", "perhaps")
    assert _error() == "REKNOWN_SERVER__LOCAL_COMMANDS must be true or false, got 'perhaps'"


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:s3cret@db/faces", "postgres://db/faces?user=me&password=s3cret"],
)
def test_a_database_may_have_a_password_in_a_variable_alone(
    file: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = url.replace(":s3cret", "").replace("&password=s3cret", "")
    assert read_settings(options={"database": plain}).database == plain
    with pytest.raises(InputError, match="--database must not hold a password") as raised:
        read_settings(options={"database": url})
    file.write_text(f'database = "{url}"')
    message = _error()
    assert "database must not hold a password" in message
    assert "set REKNOWN_DATABASE_PASSWORD" in message
    file.write_text("")
    monkeypatch.setenv("REKNOWN_DATABASE", url)
    found = read_settings().database
    assert found == url
    assert found is not None
    # a worker that a server starts gets it the same way
    assert environment_of(read_settings())["REKNOWN_DATABASE"] == url
    shown = f"{raised.value} {message} {read_settings()} {found!r} {found.shown}"
    assert "s3cret" not in shown
    assert "db/faces" in found.shown


@pytest.mark.parametrize("url", ["mysql://me:s3cret@db/faces", "me:s3cret@db/faces", "faces"])
def test_other_databases_are_refused_without_repeating_them(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKNOWN_DATABASE", url)
    message = _error()
    assert "REKNOWN_DATABASE must be an address such as postgresql://USER@HOST/NAME" in message
    assert "s3cret" not in message


def test_an_address_with_a_port_holds_no_password() -> None:
    for url in ("postgresql://db:5432", "postgresql://me@db:5432/faces?sslmode=require"):
        assert read_settings(options={"database": url}).database == url


def test_nobody_whom_the_system_knows_needs_folders_of_his_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "REKNOWN_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert read_settings(tmp_path).data == tmp_path
    # where nobody may write: to be told to choose another one
    assert read_settings().data == Path("/nonexistent/reknown")
