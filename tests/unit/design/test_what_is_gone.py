"""Files that a config or a row names and that are gone, or are others than before: an error when
the workflow is read, or another job, never what was made before.
"""

import copy
from pathlib import Path

import pytest
import yaml
from helpers.scripts import REPOSITORY, design_for, run_script

from fusion.io.checksums import digest
from fusion.io.errors import InputError
from fusion.models.spec import WeightsSpec

DEMO = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
ROWS = yaml.safe_load((REPOSITORY / "config/models.yaml").read_text())


def config_with(tmp_path, model, **row):
    """Return the demo's config with a zoo of the user's own, in which a row is another."""
    own = tmp_path / "my_models.yaml"
    own.write_text(yaml.safe_dump({model: ROWS[model] | row}))
    return copy.deepcopy(DEMO) | {"zoo": ["config/models.yaml", str(own)]}


@pytest.mark.parametrize("key", ["checkpoint", "tokenizer"])
def test_a_local_file_that_is_gone_is_an_error_of_the_users_own_file(tmp_path, key):
    there = tmp_path / "net.pt"
    there.write_bytes(b"weights")
    config = config_with(tmp_path, "demo_slip", **{key: str(there), "sha256": None})
    design_for(config)
    there.unlink()
    with pytest.raises(InputError, match=r"my_models\.yaml: model demo_slip.*does not exist") as e:
        design_for(config)
    assert str(there) in str(e.value)
    assert "\n" not in str(e.value)


def test_another_file_under_the_same_row_is_another_job(tmp_path):
    files = []
    for name in ("a.pt", "b.pt"):
        files.append(tmp_path / name)
        files[-1].write_bytes(name.encode())
    made = []
    for file in files:
        design = design_for(config_with(tmp_path, "demo_slip", checkpoint=str(file), sha256=None))
        made.append((design.weights.spec("demo_slip"), design.weights.inputs("demo_slip")))
    (first, read), (second, also) = made
    assert first != second
    assert Path(read["checkpoint"][0]).resolve() == files[0].resolve()
    assert Path(also["checkpoint"][0]).resolve() == files[1].resolve()


def test_another_sha256_is_another_job_and_another_content_an_error(tmp_path):
    file = tmp_path / "net.pt"
    file.write_bytes(b"weights")
    design = design_for(
        config_with(tmp_path, "demo_slip", checkpoint=str(file), sha256=digest(file))
    )
    before = design.weights.spec("demo_slip")
    inputs = {"checkpoint": [file], "tokenizer": [], "backbone": []}
    out = {"weights": tmp_path / "weights.json"}
    run_script("weights", inputs, out, WeightsSpec.read(before))
    file.write_bytes(b"others")
    with pytest.raises(InputError, match="sha256 of net.pt"):
        run_script("weights", inputs, out, WeightsSpec.read(before))
    changed = config_with(tmp_path, "demo_slip", checkpoint=str(file), sha256=digest(file))
    assert design_for(changed).weights.spec("demo_slip") != before


def test_regions_of_a_film_that_are_gone_are_an_error(tmp_path):
    weights = tmp_path / "net.pt"
    weights.write_bytes(b"weights")
    regions = tmp_path / "{stimulus}.npz"
    row = {"checkpoint": str(weights), "tokenizer": None, "regions": {"file": str(regions)}}
    own = tmp_path / "my_models.yaml"
    own.write_text(yaml.safe_dump({"lxmert": ROWS["lxmert"] | row}))
    config = copy.deepcopy(DEMO) | {"zoo": ["config/models.yaml", str(own)]}
    config["models"] = [*config["models"], "lxmert"]
    with pytest.raises(InputError, match=r"lxmert, regions\.file: .*film\.npz"):
        design_for(config)
    (tmp_path / "film.npz").write_bytes(b"regions")
    design_for(config)


@pytest.mark.parametrize("key", ["volume", "labels"])
def test_an_atlas_that_is_gone_is_an_error(tmp_path, key):
    files = {"volume": tmp_path / "atlas.nii.gz", "labels": tmp_path / "labels.tsv"}
    for file in files.values():
        file.write_bytes(b"atlas")
    config = copy.deepcopy(DEMO)
    config["ieeg"] = {"atlas": {name: str(file) for name, file in files.items()}}
    design_for(config)
    files[key].unlink()
    with pytest.raises(InputError, match=rf"key ieeg\.atlas\.{key}"):
        design_for(config)
