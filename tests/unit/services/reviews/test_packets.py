from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from contexts import events
from reknown.access.vault import Vault
from reknown.biometrics.errors import InputError
from reknown.ledger.records import DiscloseCaseRecord
from reknown.proofs import reknown_check
from reknown.review import check_packet
from reknown.review.opinions import Opinion
from reknown.services.proofs.checkpoints import public_key
from reknown.services.proofs.signing import sign_as
from reknown.services.reviews.packets import DisclosurePacket, Enclosures, check_file, make_packet
from unit.services.reviews.desks import ANN, BEN, CEM, COLLECTION, SEARCHER, STRANGERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.services.reviews.desks import Desks

CHECKER = Path(check_packet.__file__)


@pytest.fixture
def packet(desks: Desks) -> DisclosurePacket:
    """Of a case that two people disagreed on, with seeds."""
    desks.set(review_seeds=1.0)
    case = desks.open()
    desks.review(ANN, case, {"Ada": Opinion.SAME})
    desks.review(BEN, case)
    desks.review(CEM, case, adjudicate=True)
    return make_packet(desks.context, COLLECTION, case)


def test_its_records_are_proven_to_be_in_the_ledger(desks: Desks, tmp_path: Path) -> None:
    vault = Vault(bytes(32))
    sign_as(desks.context.database, vault)
    case = desks.open()
    desks.review(ANN, case)
    desks.review(BEN, case)
    packet = make_packet(desks.context, COLLECTION, case)
    proofs = tmp_path / "proofs.json"
    proofs.write_bytes(packet.parts["proofs"])
    key = reknown_check.read_key(public_key(desks.context, vault).key)
    said = reknown_check.check_file(proofs, reknown_check.Known((key,)))
    assert said.count("is at index") == len(part(packet, "ledger")["records"])
    assert check_packet.check(packet.as_zip()) == []
    other = changed(packet, "proofs", lambda told: told["records"].pop())
    (fault,) = check_packet.check(other)
    assert fault.startswith("proofs: ")
    wrong = part(packet, "proofs")
    wrong["records"][0]["record"]["actor"] = "cli:somebody"
    proofs.write_text(json.dumps(wrong))
    with pytest.raises(reknown_check.Unproven):
        reknown_check.check_file(proofs, reknown_check.Known((key,)))


def part(packet: DisclosurePacket, name: str) -> Any:
    return json.loads(packet.parts[name])


def changed(packet: DisclosurePacket, name: str, change: Callable[[Any], object]) -> bytes:
    """The packet with a part that was changed by somebody who makes the list of contents anew."""
    values = part(packet, name)
    change(values)
    return DisclosurePacket({**packet.parts, name: check_packet.canonical(values)}).as_zip()


def test_it_tells_all_that_there_is_of_a_case(packet: DisclosurePacket, desks: Desks) -> None:
    search = part(packet, "search")
    assert search["gallery_size"] == STRANGERS + 3
    assert len(search["candidates"]) == 3
    rate = search["threshold"]["false_match_rate"]
    assert search["expected_false_candidates"] == pytest.approx(rate * (STRANGERS + 3))
    assert search["by"] == SEARCHER.name
    assert part(packet, "probe")["quality"] == 71
    assert part(packet, "model")["files"]
    assert part(packet, "case")["outcome"] == "no-lead"
    assert "identification" in part(packet, "case")["meaning"]
    judgements = part(packet, "judgements")
    assert [review["reviewer"] for review in judgements["reviews"]] == [
        ANN.name,
        BEN.name,
        CEM.name,
    ]
    assert sum(candidate["seeded"] for candidate in judgements["candidates"]) == 3
    operations = [record["operation"] for record in part(packet, "ledger")["records"]]
    assert operations[:2] == ["identify", "open case"]
    assert operations[-1] == "decide case"
    assert part(packet, "policy")["reviewers"] == 2
    record = events(desks.context, "disclose case")[-1].record
    assert isinstance(record, DiscloseCaseRecord)
    assert record.sha256 == packet.sha256


def test_no_name_gets_into_it(packet: DisclosurePacket) -> None:
    for name in ("Ada", "Bea", "Cleo", "stranger"):
        assert name.encode() not in packet.as_json()


def test_it_is_sound_as_one_document_and_as_a_zip_file(
    packet: DisclosurePacket, tmp_path: Path
) -> None:
    for data in (packet.as_json(), packet.as_zip()):
        assert check_packet.check(data) == []
        assert check_packet.contents_digest(data) == packet.sha256
        path = tmp_path / "packet"
        path.write_bytes(data)
        assert check_file(path) == (packet.sha256, [])


def test_any_changed_byte_is_found_and_its_part_named(packet: DisclosurePacket) -> None:
    """Each part at random places; what no part holds is the container or the list of contents."""
    chance = random.Random(3)
    names = {*packet.parts, "contents", "container"}
    for data in (packet.as_json(), packet.as_zip()):
        for _ in range(400):
            place = chance.randrange(len(data))
            broken = bytearray(data)
            broken[place] ^= 1 << chance.randrange(8)
            faults = found_faults(bytes(broken))
            assert {fault.partition(":")[0] for fault in faults} & names, (place, faults)
        for name, text in packet.parts.items():
            start = data.index(text)
            place = start + chance.randrange(1, len(text) - 1)
            broken = bytearray(data)
            broken[place] ^= 1
            faults = found_faults(bytes(broken))
            assert any(fault.startswith(f"{name}:") for fault in faults), (name, faults)


def found_faults(data: bytes) -> list[str]:
    try:
        return check_packet.check(data)
    except check_packet.PacketError as error:
        return [str(error)]


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("search", lambda it: it["candidates"].pop(), "search: the candidates"),
        ("search", lambda it: it.update(gallery_size=9), "search: threshold or size"),
        ("probe", lambda it: it.update(sha256="ab" * 32), "probe: it is not the one"),
        (
            "judgements",
            lambda it: it["candidates"][0].update(seeded=not it["candidates"][0]["seeded"]),
            "judgements: the known non-mates",
        ),
        (
            "judgements",
            lambda it: it["reviews"][0]["judgements"][0].update(opinion="cannot-tell"),
            "judgements: cli:ann is on record with another one",
        ),
        (
            "judgements",
            lambda it: it["reviews"][1]["judgements"].pop(),
            "judgements: that of candidate",
        ),
        (
            "judgements",
            lambda it: it["reviews"][0]["order"].reverse(),
            "judgements: cli:ann saw the candidates in another order",
        ),
        (
            "judgements",
            lambda it: it["reviews"][0].update(seed="00" * 16),
            "judgements: the seed of cli:ann",
        ),
        ("ledger", lambda it: it["records"].pop(0), "ledger: the record of the search"),
        ("judgements", lambda it: it.clear(), "a part is not of the form"),
    ],
)
def test_what_contradicts_the_records_is_found_in_a_packet_that_was_made_anew(
    packet: DisclosurePacket, name: str, change: Callable[[Any], object], fault: str
) -> None:
    faults = check_packet.check(changed(packet, name, change))
    assert any(each.startswith(fault) for each in faults), faults


def test_edited_versions_of_the_probe_make_a_chain(desks: Desks, tmp_path: Path) -> None:
    original, edited = tmp_path / "original.png", tmp_path / "edited.png"
    original.write_bytes(b"original")
    edited.write_bytes(b"probe")
    desks.set(reviewers=1)
    case = desks.open()
    desks.review(ANN, case)
    packet = make_packet(desks.context, COLLECTION, case, Enclosures((original, edited)))
    probe = part(packet, "probe")
    assert probe["edited"] is True
    assert [version["name"] for version in probe["versions"]] == ["original.png", "edited.png"]
    assert check_packet.check(packet.as_zip()) == []
    only = make_packet(desks.context, COLLECTION, case, Enclosures((edited,)))
    assert part(only, "probe")["edited"] is False

    def leave_out_the_original(values: Any) -> None:
        values["versions"].pop(0)

    def put_another(values: Any) -> None:
        values["versions"][0]["sha256"] = hashlib.sha256(b"forged").hexdigest()

    for change in (leave_out_the_original, put_another):
        (fault,) = check_packet.check(changed(packet, "probe", change))
        assert fault.startswith("probe: the chain of its versions is broken")
    with pytest.raises(InputError, match="none of these files is the probe"):
        make_packet(desks.context, COLLECTION, case, Enclosures((original,)))


def test_a_report_of_error_rates_goes_along(desks: Desks, tmp_path: Path) -> None:
    desks.set(reviewers=1)
    case = desks.open()
    desks.review(ANN, case)
    report = tmp_path / "report.json"
    report.write_text('{"groups": [{"name": "a", "fmr": 1e-4}]}')
    packet = make_packet(desks.context, COLLECTION, case, Enclosures(evaluation=report))
    assert part(packet, "evaluation")["report"]["groups"][0]["fmr"] == 1e-4
    assert check_packet.check(packet.as_json()) == []
    report.write_text("{")
    with pytest.raises(InputError, match="is no report"):
        make_packet(desks.context, COLLECTION, case, Enclosures(evaluation=report))
    with pytest.raises(InputError, match="no such file"):
        make_packet(desks.context, COLLECTION, case, Enclosures((tmp_path / "none",)))


def test_an_open_case_is_not_disclosed(desks: Desks) -> None:
    case = desks.open()
    with pytest.raises(InputError, match="only then it can be disclosed"):
        make_packet(desks.context, COLLECTION, case)


def test_the_checker_needs_nothing_but_python(packet: DisclosurePacket, tmp_path: Path) -> None:
    """Alone in a folder, without any library."""
    program = tmp_path / "check.py"
    program.write_bytes(CHECKER.read_bytes())
    whole, broken = tmp_path / "packet.zip", tmp_path / "broken.zip"
    whole.write_bytes(packet.as_zip())
    broken.write_bytes(packet.as_zip().replace(b"no-lead", b"is-lead", 1))
    (tmp_path / "nothing.zip").write_bytes(b"PK")

    def run(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(program), str(path)]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    done = run(whole)
    assert (done.returncode, packet.sha256 in done.stdout) == (0, True)
    done = run(broken)
    assert (done.returncode, done.stdout.partition(":")[0]) == (1, "case")
    assert run(tmp_path / "nothing.zip").returncode == 2
    assert run(tmp_path / "missing").returncode == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"contents": {}}',
        b'{"contents": []}',
        b'{"contents": {"parts": 3, "format": 1}}',
        b'{"a": NaN}',
        b"PK\x03\x04",
        b"\xff\xfe",
    ],
)
def test_what_is_no_packet_is_said_to_be_none(data: bytes) -> None:
    assert found_faults(data)
