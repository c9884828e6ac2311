"""Names of fits, operands and recordings are parsed once, and written back the same."""

import pytest

from fusion.ids import Contrast, FitId, Operand, entities, unique


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("slip", FitId("slip", "trained", "true")),
        ("slip-random0", FitId("slip", "random0", "true")),
        ("slip-trained-shuffled1", FitId("slip", "trained", "shuffled1")),
    ],
)
def test_a_fit_is_parsed_and_written(name, fit):
    assert FitId.parse(name) == fit
    assert FitId.parse(str(fit)) == fit
    assert str(fit).count("-") == 2


@pytest.mark.parametrize("name", ["", "slip-", "a-b-c-d", "-random0"])
def test_what_names_no_fit_is_refused(name):
    with pytest.raises(ValueError, match="model-init-pairing"):
        FitId.parse(name)


def test_operands():
    both = (FitId("a"), FitId("b"))
    assert Operand.parse("nothing").is_nothing
    assert Operand.parse("a").single == FitId("a")
    assert Operand.parse(["a", "b"]) == Operand(both)
    assert Operand.parse(["a", "b"]).single is None
    assert Operand.parse({"rank": 2, "of": ["a", "b"]}) == Operand(both, 2)
    assert Operand.parse({"rank": 2, "of": ["a"]}).single is None
    assert Operand.parse(["a", "b-random0"]).names == ["a-trained-true", "b-random0-true"]


def test_a_contrast_is_tested_in_all_alignments_unless_it_names_some():
    given = {"a": ["a", "b"], "b": "a", "alternative": "greater", "alignments": None, "role": None}
    contrast = Contrast.parse("x", given, ("language", "vision"))
    assert contrast.alignments == ("language", "vision")
    assert contrast.fits == (FitId("a"), FitId("b"))
    assert contrast.pair is None
    one = Contrast.parse("x", {**given, "a": "b", "alignments": ["vision"]}, ("language", "vision"))
    assert one.alignments == ("vision",)
    assert one.pair == (FitId("b"), FitId("a"))


def test_entities_of_a_file_name():
    assert entities("sub-01_ses-iemu_task-film_acq-clinical_run-02_ieeg.vhdr") == {
        "sub": "01",
        "ses": "iemu",
        "task": "film",
        "acq": "clinical",
        "run": "02",
    }
    assert entities("dataset_description.json") == {}


def test_unique_keeps_the_first_of_each():
    assert unique([2, 1, 2, 3, 1]) == (2, 1, 3)
