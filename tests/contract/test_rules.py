"""Each rule and its script keep the contract of docs/architecture.md: what the script reads is what
the rule declares.
"""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest
from pins import canonical, pins
from snakemake.api import SnakemakeApi
from snakemake.io import is_flagged
from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

from fusion.design import codehash

REPOSITORY = Path(__file__).parents[2]
LIB = REPOSITORY / "workflow/lib"
# Names under which a distribution is imported, where they differ from its name on PyPI.
IMPORTED_AS = {
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "open_clip": "open-clip-torch",
    "PIL": "pillow",
    "scenedetect": "scenedetect-headless",
}


@cache
def workflow():
    with SnakemakeApi(OutputSettings(quiet=set())) as api:
        made = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(),
            snakefile=REPOSITORY / "Snakefile",
            workdir=REPOSITORY,
        )
        return made._workflow


def rules():
    return [rule for rule in workflow().rules if rule.script]


@pytest.fixture(params=rules(), ids=lambda rule: rule.name)
def rule(request):
    return request.param


def script_of(rule):
    return REPOSITORY / "workflow/scripts" / Path(rule.script).name


def uses(script):
    """Return {("input", "film"), ("params.spec", "alphas"), ...}: what a script takes from
    ``snakemake``.
    """
    found = set()
    for node in ast.walk(ast.parse(script.read_text())):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and getattr(node.value.value, "id", "") == "snakemake"
        ):
            found.add((node.value.attr, node.attr))
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "snakemake":
            found.add((node.attr, None))
    return found


def test_the_script_is_named_after_the_rule(rule):
    # or after the rule that it was made from with `use rule activations as random_activations`
    script = Path(rule.script).stem
    assert rule.name == script or rule.name.endswith(f"_{script}")
    assert script_of(rule).is_file()


def test_the_rule_says_what_it_needs(rule):
    assert rule.log, "no log"
    assert rule.benchmark or not rule.output, "no benchmark"
    assert rule.conda_env, "no conda env"
    assert rule.message, "no message"
    assert {"mem_mb", "runtime"} <= set(rule.resources), "mem_mb and runtime"
    assert set(rule.params.keys()) == {"spec", "code"}, "params are one spec and the code's hash"


def test_the_script_reads_what_the_rule_declares(rule):
    script = script_of(rule)
    used = uses(script)
    inputs = {name for where, name in used if where == "input" and name}
    declared = set(rule.input.keys())
    as_a_whole = inputs & {"get", "items", "keys"} or re.search(
        r"snakemake\.input(?!\.)", script.read_text()
    )
    # which names its inputs only when a job is made
    if not any(is_flagged(item, "unpack") for item in rule.input):
        assert inputs - {"get", "items", "keys"} <= declared
        assert as_a_whole or inputs == declared, (
            f"the script reads {sorted(inputs)}, the rule declares {sorted(declared)}"
        )
    outputs = {name for where, name in used if where == "output" and name}
    assert outputs - {"items"} <= set(rule.output.keys()), "a file the rule does not declare"
    forbidden = {"config", "wildcards", "rule"} & {where for where, _ in used}
    assert not forbidden, f"the script reads snakemake.{forbidden.pop()}"


def test_the_script_logs_first(rule):
    if not rule.output:
        pytest.skip("a rule that makes no file answers on the terminal")
    body = ast.parse(script_of(rule).read_text()).body
    first = next(
        node
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.If)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    )
    assert re.search(r"(begin\(snakemake\)|log_to\(snakemake\.log\[0\]\))", ast.unparse(first))


def test_the_script_is_short(rule):
    assert len(script_of(rule).read_text().splitlines()) <= 125


def third_party(files):
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"fusion", "snakemake", "__future__"}


def test_every_import_is_in_the_environment(rule):
    env = REPOSITORY / "envs" / Path(str(rule.conda_env)).name
    needed = {
        canonical(IMPORTED_AS.get(name, name))
        for name in third_party(codehash.sources(script_of(rule), LIB))
    }
    assert not needed - set(pins(env)), f"not in {env.name}: {sorted(needed - set(pins(env)))}"


def test_every_script_belongs_to_a_rule():
    assert {p.name for p in (REPOSITORY / "workflow/scripts").glob("*.py")} == {
        Path(rule.script).name for rule in rules()
    }


def test_retries_belong_to_the_profile():
    for path in (REPOSITORY / "workflow/rules").glob("*.smk"):
        assert "retries:" not in path.read_text(), path.name
