"""A job pays only for the libraries that it needs: torch, mne and matplotlib take a second each."""

import ast
import json
import os
import subprocess
import sys
import textwrap

import pytest
from helpers.scripts import LIB, SCRIPTS

from fusion.design import codehash

HEAVY = ("matplotlib", "mne", "nilearn", "sklearn", "statsmodels", "torch", "transformers")
# What a script imports as it starts. All others import none of these.
AT_START = {
    "activations": {"torch"},
    "train_demo_models": {"torch", "transformers"},
    **dict.fromkeys(("export", "report"), {"matplotlib", "nilearn", "sklearn"}),
    "audit": {"sklearn"},
    # mne-bids writes and reads the descriptions of datasets.
    **dict.fromkeys(
        ("convert_dandi_dataset", "convert_treebank_dataset", "recordings", "simulate"), {"mne"}
    ),
    **dict.fromkeys(
        (
            "calibrate",
            "control_tables",
            "controls_planted",
            "film_to_film_table",
            "shift_nulls",
            "sites",
        ),
        {"statsmodels"},
    ),
}
FIGURES = {"matplotlib", "nilearn", "sklearn"}
# Which scripts may ever load torch or mne, also inside a function.
EVER = {
    # The encoding fits where encoding.backend is torch.
    "torch": {
        "activations",
        "audit",
        "calibrate_recorded",
        "calibrate_world",
        "encode",
        "film_to_film",
        "shift_null",
        "train_demo_models",
    },
    "mne": {
        "check",
        "convert_dandi",
        "convert_dandi_dataset",
        "convert_treebank",
        "convert_treebank_dataset",
        "draft",
        "preprocess",
        "recordings",
        "responses",
        "simulate",
    },
}

# Every script's imports in a child of one process that has loaded what all share.
PROBE = textwrap.dedent("""
    import ast, json, os, sys
    import h5netcdf, numpy, pandas, pyarrow.parquet, scipy.signal, scipy.stats, xarray

    lib, heavy, *scripts = sys.argv[1:]
    heavy = heavy.split(",")
    sys.path.insert(0, lib)
    assert not set(heavy) & set(sys.modules), "what all share is heavy"
    found = {}
    for path in scripts:
        reads, writes = os.pipe()
        if not os.fork():
            body = ast.parse(open(path, encoding="utf-8").read()).body
            imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
            try:
                exec(compile(ast.Module(imports, []), path, "exec"), {})
                said = [name for name in heavy if name in sys.modules]
            except BaseException as error:
                said = repr(error)
            os.write(writes, json.dumps(said).encode())
            os._exit(0)
        os.close(writes)
        with os.fdopen(reads) as pipe:
            found[path] = json.load(pipe)
        os.wait()
    print(json.dumps(found))
""")
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))


@pytest.fixture(scope="module")
def loaded():
    paths = [str(SCRIPTS / f"{name}.py") for name in NAMES]
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, str(LIB), ",".join(HEAVY), *paths],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(zip(NAMES, json.loads(ran.stdout).values(), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_starts_with_what_it_needs(loaded, name):
    assert isinstance(loaded[name], list), f"{name}: {loaded[name]}"
    allowed = FIGURES if name.startswith("figure") else AT_START.get(name, set())
    assert set(loaded[name]) <= allowed


@pytest.mark.parametrize("library", EVER)
def test_no_other_script_can_load(library):
    def loads(path):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(name.split(".")[0] == library for name in names):
                return True
        return False

    found = {
        name
        for name in NAMES
        if any(loads(path) for path in codehash.sources(SCRIPTS / f"{name}.py", LIB))
    }
    assert found <= EVER[library]
