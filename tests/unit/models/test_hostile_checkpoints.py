"""Archives that unpack without end, patterns that are none, descriptions that are none, and what a
pin does not cover.
"""

import zipfile

import pytest
import torch

from fusion.io.errors import InputError
from fusion.models.run import checkpoints, download, lock
from fusion.models.spec import Located


def test_an_archive_that_unpacks_to_many_times_its_size_is_refused(tmp_path):
    plain, bomb = tmp_path / "plain.pt", tmp_path / "bomb.pt"
    torch.save({"a": torch.zeros(2_000_000)}, plain)
    assert checkpoints.state_dict(plain)["a"].shape == (2_000_000,)
    with (
        zipfile.ZipFile(plain) as held,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for one in held.infolist():
            packed.writestr(one.filename, held.read(one))
    with pytest.raises(InputError, match="that unpacks to 8,0"):
        checkpoints.read(bomb)


@pytest.mark.parametrize(
    ("old", "new"), [("re:(", "x"), ("re:a", r"\2"), ("a", "**"), ("re:(a)", r"\g<b>")]
)
def test_a_pattern_that_is_none_is_one_line(old, new):
    with pytest.raises(InputError, match="rename_keys"):
        checkpoints.renamed({"a": torch.zeros(1)}, {old: new}, "net.pt")


def located(**files):
    return Located("hf:org/net", "net", files, "")


FULL = "0" * 64


@pytest.mark.parametrize(
    ("files", "sha256", "pinned"),
    [
        (("net.pt",), FULL, True),
        (("net.pt",), "0" * 8, False),
        (("config.json", "model.safetensors"), FULL, False),
        (("config.json", "model.safetensors"), {"model.safetensors": FULL}, False),
        (
            ("config.json", "model.safetensors"),
            {"model.safetensors": FULL, "config.json": FULL},
            True,
        ),
        (("net.pt",), None, False),
    ],
)
def test_a_pin_covers_every_file_or_the_lock_does(files, sha256, pinned):
    assert lock.is_pinned(located(**dict.fromkeys(files, FULL)), sha256) is pinned


def test_another_config_beside_pinned_weights_is_found(tmp_path):
    path, first = (
        tmp_path / "weights.lock",
        located(**{"config.json": "a", "model.safetensors": FULL}),
    )
    lock.hold(first, lock.is_pinned(first, FULL), path)
    other = located(**{"config.json": "b", "model.safetensors": FULL})
    with pytest.raises(InputError, match="config.json with SHA-256 b"):
        lock.hold(other, lock.is_pinned(other, FULL), path)
    path.write_text("{")
    with pytest.raises(InputError, match=str(path)):
        lock.hold(first, False, path)


def test_two_queries_are_two_entries_of_the_lock():
    one, two = (download.named(f"https://h/get?name={k}.pt") for k in "ab")
    assert one != two and "a.pt" not in one and one.startswith("https://h/get?")
