"""A part of the page that cannot be made costs itself and says so, never the page."""

import pytest
from made_up_results import write_results
from report_harness import draw, write_page

from fusion.io.errors import InputError
from fusion.report import brain_view, controls, methods, numbers, parts, story, tables

BROKEN = {
    "The table “sites”": (tables, "sites"),
    "The brain and the panel of an electrode": (brain_view, "payload"),
    "The methods": (methods, "paragraphs"),
    "The numbers of the ladder": (numbers, "of_ladder"),
    "The answer in sentences": (story, "answer"),
    "The table “Variance partition”": (controls, "labelled"),
    "The limits": (story, "limits"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    write_results(folder)
    draw(folder, ["coverage"])
    return folder


def fails(*given, **options):
    raise KeyError("no such column")


@pytest.mark.parametrize("broken", ["The table “sites”", "The methods", None])
def test_a_part_that_fails_costs_itself_only(results, monkeypatch, broken):
    """``None``: all of them at once."""
    chosen = [broken] if broken else list(BROKEN)
    for name in chosen:
        monkeypatch.setattr(*BROKEN[name], fails)
    page = write_page(results).read_text(encoding="utf-8")
    for name in chosen:
        assert f"{name} could not be made (KeyError: &#39;no such column&#39;)" in page
    assert page.count("could not be made") == len(chosen) or broken is None
    assert page.rstrip().endswith("</html>")
    assert 'id="figure-coverage"' in page and 'id="provenance"' in page
    said = (results / "methods.md").read_text(encoding="utf-8")
    assert ("could not be made" in said) == ("The methods" in chosen)


def test_what_a_user_can_mend_stops_the_job():
    def wrong():
        raise InputError("a.tsv", "", "nothing", "a table")

    made = parts.Parts()
    assert made.make("A number", fails, lambda: 3) == 3 and len(made.lost) == 1
    with pytest.raises(InputError):
        made.make("A number", wrong, lambda: 3)
