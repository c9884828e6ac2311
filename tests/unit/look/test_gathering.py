"""Where errors are gathered all are listed; elsewhere the first one stops the program."""

import pytest
import yaml
from helpers.scripts import REPOSITORY

from fusion.design import config as settings
from fusion.design import look
from fusion.ieeg import sidecars
from fusion.io.errors import InputError, gathering, going_on

SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
FAULTY = {
    "dataset": "faulty",
    "source": "simulate",
    "modles": ["slip"],
    "seed": -1,
    "models": ["slp", "slip", 1, 2],
    "events": {"alignments": ["sound"], "text": "all"},
    "statistics": {"primary_window": "before", "level": 2},
    "contrasts": {
        "one": {"a": "slipp", "b": "slip"},
        "two": {"a": "nothing", "b": "nothing"},
        "of an unknown one": {"a": "slp", "b": "slip"},
    },
}
EXPECTED = {
    "key modles",
    "key seed",
    "key models.2",
    "key models.3",
    "key models",
    "key events.alignments.0",
    "key events.text",
    "key statistics.primary_window",
    "key statistics.level",
    "key contrasts.one.a",
    "key contrasts.two",
    "key contrasts.of an unknown one",
}


def test_every_fault_of_a_config_is_listed_once():
    zoo = settings.load_zoo(["config/models.yaml"], REPOSITORY)
    with gathering() as found:
        settings.resolve(FAULTY, SCHEMA, zoo, "mine.yaml")
    where = [one.where for one in found]
    assert sorted(where) == sorted(set(where))
    assert {"key contrasts" if "an unknown" in one else one for one in where} == {
        "key contrasts" if "an unknown" in one else one for one in EXPECTED
    }


def test_elsewhere_the_first_fault_stops():
    zoo = settings.load_zoo(["config/models.yaml"], REPOSITORY)
    with pytest.raises(InputError):
        settings.resolve(FAULTY, SCHEMA, zoo, "mine.yaml")
    with pytest.raises(InputError), going_on():
        raise InputError("a", "", "b", "c")


def test_every_bad_row_of_a_sidecar_is_listed(tmp_path):
    events = tmp_path / "sub-01_task-film_events.tsv"
    events.write_text("onset\tduration\nnow\t1\n2\t1\nlater\t1\n")
    channels = tmp_path / "sub-01_task-film_channels.tsv"
    channels.write_text("name\ttype\tstatus\nA1\tSEEG\tgood\nA1\tSEEG\tfine\n")
    with gathering() as found:
        for read in (
            lambda: sidecars.read_events([str(events)]),
            lambda: sidecars.read_channels([str(channels)], "x"),
        ):
            with going_on():
                read()
    assert [(one.where, one.found) for one in found[:2]] == [
        ("row 2, column 'onset'", "'now'"),
        ("row 4, column 'onset'", "'later'"),
    ]
    assert len(found) == 4 and "'fine'" in {one.found for one in found}


def test_a_config_without_dataset_is_a_fault_and_no_crash():
    spec = look.check({"source": "bids"}, REPOSITORY, "mine.yaml")
    assert [fault[1] for fault in spec["faults"]] == ["key dataset"]
    assert spec["recordings"] == {}


@pytest.mark.parametrize(
    ("line", "targets"),
    [
        (".venv/bin/snakemake check --cores 1", {"check"}),
        ("/a/snakemake/__main__.py --cores 1 draft --config root=x", {"draft"}),
        (".venv/bin/snakemake --configfile check.yaml", set()),
        (".venv/bin/pytest -k check", set()),
    ],
)
def test_the_targets_without_a_design_are_read_off_the_command_line(line, targets):
    assert look.asked(line.split()) == targets
