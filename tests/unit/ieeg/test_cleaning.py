"""Re-referencing and cleaning against plain numpy loops."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import signal

from fusion.ieeg import channels, cleaning, names, reference
from fusion.ieeg.spec import CleaningSpec

SFREQ = 256.0
SPEC = CleaningSpec(
    reference="laplacian",
    ecog_reference="average",
    shaft_ends="drop",
    line_freq_hz=None,
    notch_harmonics=None,
    notch_quality=30,
    high_pass_hz=0.5,
    phase="zero",
    high_gamma_hz=False,
    zscore=False,
    despike_sd=False,
)


def table(bad=(), kind="SEEG", contacts=None):
    contacts = contacts or [f"{shaft}{k}" for shaft in ("A", "LT3cHb") for k in range(1, 6)]
    status = ["bad" if c in bad else "good" for c in contacts]
    given = pd.DataFrame(
        {
            "name": contacts,
            "type": kind,
            "status": status,
            "status_description": np.nan,
            "sampling_frequency": np.nan,
        }
    )
    return channels.usable(given, contacts, SFREQ, ["SEEG", "ECOG"])


def signals(contacts, n=3000, seed=1):
    rng = np.random.default_rng(seed)
    common = rng.standard_normal(n)
    return {
        c: (10 * rng.standard_normal(n) + common + 100 * k).astype(np.float32)
        for k, c in enumerate(contacts)
    }


def cleaned(montage, data, **spec):
    return dict(
        zip(
            montage["electrode"],
            cleaning.clean(montage, data.__getitem__, SFREQ, 50.0, replace(SPEC, **spec)),
            strict=True,
        )
    )


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def filtered(x):
    """High-pass, then every notch, forwards and backwards, one after the other."""
    sos = signal.butter(4, 0.5, "highpass", fs=SFREQ, output="sos")
    x = signal.sosfiltfilt(sos, x, padlen=min(len(x) - 1, 2900))
    for f in (50, 100):
        x = signal.filtfilt(*signal.iirnotch(f, 30, SFREQ), x, padlen=2900)
    return x


def test_laplacian_is_contact_minus_the_mean_of_its_two_neighbours():
    usable = table()
    montage, dropped = reference.montage(usable, "laplacian")
    data = signals(usable["electrode"], n=20_000)
    got = cleaned(montage, data)
    assert sorted(got) == ["A2", "A3", "A4", "LT3cHb2", "LT3cHb3", "LT3cHb4"]
    assert sorted(dropped) == ["A1", "A5", "LT3cHb1", "LT3cHb5"]
    for name, x in got.items():
        stem, k = name[:-1], int(name[-1])
        below, above = (
            filtered(data[f"{stem}{k - 1}"].astype(float)),
            filtered(data[f"{stem}{k + 1}"].astype(float)),
        )
        oracle = filtered(data[name].astype(float)) - (below + above) / 2
        # away from the ends, where the two ways extend the signal by different lengths
        middle = slice(3000, -3000)
        assert relative(x[middle], oracle[middle]) < 1e-5


def test_a_bad_neighbour_is_never_used():
    usable = table(bad=["A3"])
    montage, dropped = reference.montage(usable, "laplacian")
    used = set(montage["plus"]) | {n for minus in montage["minus"] for n in minus}
    assert "A3" not in used
    assert "A3 not kept" in dropped["A2"]
    assert "A3 not kept" in dropped["A4"]
    data = signals(usable["electrode"])
    data["A3"] = np.full(3000, np.nan, np.float32)
    assert all(np.isfinite(x).all() for x in cleaned(montage, data).values())


def test_shaft_ends_can_be_kept():
    montage, dropped = reference.montage(table(bad=["A3"]), "laplacian", shaft_ends="keep")
    minus = dict(zip(montage["electrode"], montage["minus"], strict=True))
    assert minus["A1"] == ("A2",)
    assert minus["A2"] == ("A1",)
    assert minus["LT3cHb5"] == ("LT3cHb4",)
    assert not dropped


def test_neighbours_are_found_by_number_not_by_position():
    montage, _ = reference.montage(
        table(contacts=["A10", "A2", "A9", "A1", "A11", "A3"]), "laplacian"
    )
    minus = dict(zip(montage["electrode"], montage["minus"], strict=True))
    assert minus == {"A10": ("A9", "A11"), "A2": ("A1", "A3")}


def test_bipolar_pairs():
    usable = table(bad=["A3"], contacts=["A1", "A2", "A3", "A4", "B1"])
    montage, dropped = reference.montage(usable, "bipolar")
    assert list(montage["electrode"]) == ["A1-A2"]
    assert set(dropped) == {"A4", "B1"}
    data = signals(usable["electrode"])
    got = cleaned(montage, data, high_pass_hz=False, notch_harmonics=None)
    spec_free = list(
        cleaning.clean(montage, data.__getitem__, SFREQ, None, replace(SPEC, high_pass_hz=False))
    )[0]
    assert np.allclose(spec_free, data["A1"] - data["A2"], atol=1e-4)
    assert len(got) == 1


def test_common_average():
    usable = table(bad=["A1"])
    montage, dropped = reference.montage(usable, "average")
    data = signals(usable["electrode"])
    got = dict(
        zip(
            montage["electrode"],
            cleaning.clean(
                montage, data.__getitem__, SFREQ, None, replace(SPEC, high_pass_hz=False)
            ),
            strict=True,
        )
    )
    kept = [n for n in usable["electrode"] if n != "A1"]
    mean = np.mean([data[n].astype(float) for n in kept], axis=0)
    assert sorted(got) == sorted(kept)
    assert not dropped
    for name in kept:
        assert relative(got[name], data[name] - mean) < 1e-5


def test_surface_contacts_get_their_average_under_the_laplacian():
    contacts = [f"A{k}" for k in range(1, 4)] + [f"G{k}" for k in range(1, 4)]
    usable = table(contacts=contacts)
    usable["type"] = ["SEEG"] * 3 + ["ECOG"] * 3
    montage, _ = reference.montage(usable, "laplacian")
    assert dict(zip(montage["electrode"], montage["group"], strict=True)) == {
        "A2": "",
        "G1": "ECOG",
        "G2": "ECOG",
        "G3": "ECOG",
    }
    montage, _ = reference.montage(usable, "laplacian", ecog_reference="laplacian")
    assert sorted(montage["electrode"]) == ["A2", "G2"]


def test_zscore_and_despike():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(5000)
    x[100] = 500
    clipped = cleaning.despike(x, 4)
    reach = 4 * np.median(np.abs(x - np.median(x))) * 1.4826022185056018
    assert clipped[100] == pytest.approx(np.median(x) + reach)
    assert np.array_equal(clipped[101:][np.abs(x[101:]) < 3], x[101:][np.abs(x[101:]) < 3])
    z = cleaning.zscore(clipped)
    assert z.mean() == pytest.approx(0, abs=1e-12)
    assert z.std() == pytest.approx(1)
    assert (cleaning.zscore(np.ones(5)) == 0).all()


@pytest.mark.parametrize(
    ("name", "stem", "number"),
    [
        ("A1", "A", 1),
        ("T1bIc4", "T1bIc", 4),
        ("LT3cHb12", "LT3cHb", 12),
        ("F3bIaOFb16", "F3bIaOFb", 16),
        ("A01", "A", 1),
        ("A 10", "A", 10),
        ("A_3", "A", 3),
        ("ref", "ref", None),
        ("100", "", 100),
    ],
)
def test_names_split_into_shaft_and_number(name, stem, number):
    assert names.split(name) == (stem, number)


@pytest.mark.parametrize(
    "name", ["ECG1", "EKG", "DC4", "DC10", "TRIG4", "OSAT", "PR", "Pleth", "MKR1+", "SpO2", "EOG"]
)
def test_channels_that_are_not_on_the_brain(name):
    assert names.is_non_neural(name)


@pytest.mark.parametrize("name", ["PR1a3", "PRF2", "DCR1", "EC1", "T1bIc4", "TRM1", "RESa1", "A1"])
def test_contacts_are_not_mistaken_for_triggers(name):
    assert not names.is_non_neural(name)


def test_names_match_by_spelling_never_by_position():
    got = names.match(
        ["A1", "F1*0Fa5", "b 2", "C1", "D1"], ["A1", "F10Fa5", "B2", "c1", "C 1", "X9"]
    )
    assert got == {"A1": "A1", "F1*0Fa5": "F10Fa5", "b 2": "B2"}  # two spellings of C1: neither
