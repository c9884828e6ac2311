"""What the design gives the jobs of encoding and contrasts: no workflow is built."""

import pytest
from helpers.runs import SMALL
from helpers.scripts import design_for

from fusion.contrasts.spec import ContrastsSpec, SitesSpec
from fusion.design.load import configs
from fusion.encoding.spec import EncodeSpec


def design(**changes):
    return design_for({**configs.read_yaml(SMALL), **changes})


def test_all_inits_of_a_model_are_one_job_that_reads_the_responses_once():
    encode = design(random_inits=2).encode
    ids = {"subject": "01", "alignment": "language", "model": "demo_slip"}
    spec = EncodeSpec.read(encode.spec(**ids))
    assert [str(fit) for fit in spec.fits] == [
        f"demo_slip-{init}-true" for init in ("trained", "random0", "random1")
    ]
    files = encode.inputs(**ids)
    assert len(files["responses"]) == 1
    assert len(files["activations"]) == 3 * len(spec.features)
    alone = EncodeSpec.read(encode.spec(**ids, init="random1", pairing="true"))
    assert [str(fit) for fit in alone.fits] == ["demo_slip-random1-true"]
    assert alone.settings == spec.settings


@pytest.mark.parametrize(
    "change", [{"keep_predictions": False}, {"backend": "torch"}], ids=lambda change: str(change)
)
def test_what_changes_no_score_is_no_part_of_a_fit(change):
    ids = {"subject": "01", "alignment": "language", "model": "demo_slip"}
    encoding = configs.read_yaml(SMALL)["encoding"]
    changed = design(encoding={**encoding, **change})
    assert changed.encode.spec(**ids) == design().encode.spec(**ids)
    again = design(encoding={**encoding, "clip_mad": False})
    assert again.encode.spec(**ids) != design().encode.spec(**ids)


def test_one_job_tests_all_contrasts_and_is_told_of_its_own_procedure_alone():
    ids = {"subject": "01", "alignment": "language"}
    contrasts = design().contrasts
    spec = ContrastsSpec.read(contrasts.spec(**ids))
    assert [one.name for one in spec.comparisons] == ["slip_vs_simclr", "any_vs_nothing"]
    assert spec.calibrated is not None
    assert spec.paper is None
    files = contrasts.inputs(**ids)
    assert list(files) == ["influence", "electrodes"]
    assert len(files["influence"]) == len(set(files["influence"])) == len(spec.fits) == 3
    statistics = {**configs.read_yaml(SMALL)["statistics"], "procedure": "block_bootstrap"}
    other = design(statistics=statistics).contrasts
    assert {"influence", "electrodes", "predictions", "responses"} == set(other.inputs(**ids))
    assert ContrastsSpec.read(other.spec(**ids)).calibrated is None


def test_a_role_shapes_the_sites_and_no_contrast():
    ids = {"subject": "01", "alignment": "language"}
    given = configs.read_yaml(SMALL)["contrasts"]
    given["slip_vs_simclr"] = {**given["slip_vs_simclr"], "role": "linear"}
    changed = design(contrasts=given)
    assert changed.contrasts.spec(**ids) == design().contrasts.spec(**ids)
    spec = SitesSpec.read(changed.sites.spec())
    assert spec.roles == {"slip_vs_simclr": "linear", "any_vs_nothing": "signal"}
    assert spec.alone == ("any_vs_nothing",)
    assert changed.sites.spec() != design().sites.spec()
