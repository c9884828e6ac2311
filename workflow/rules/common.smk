"""What every stage needs: the design, which is made here once, and how memory requests grow."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

REPOSITORY = Path(str(workflow.current_basedir.get_path_or_uri(secret_free=True))).parents[1]
if not (REPOSITORY / "workflow" / "lib").is_dir():
    raise WorkflowError(
        f"{workflow.current_basedir.get_path_or_uri(secret_free=True)}: found rules without their library; "
        "expected a clone of the repository, named by its path in `module fusion: snakefile:`"
    )
sys.path.insert(0, str(REPOSITORY / "workflow" / "lib"))

from fusion.design import checks, codehash, look, paths
from fusion.design import config as settings
from fusion.design.load import load
from fusion.io.errors import InputError
from fusion.progress import Benchmarks, Reporter

CONFIG = " + ".join(map(str, workflow.configfiles)) or "config"

# Two targets look at what may not be fit to run: for them there is no design. Snakemake knows its targets only after it has
# read this file.
LOOKING = look.asked(sys.argv)

try:
    if workflow.is_main_process:
        for file in workflow.configfiles:
            # Snakemake has read it, and keeps the last of two equal keys without a word.
            settings.read_yaml(Path(file))
    design = None if LOOKING else load(config, REPOSITORY, CONFIG)
    drafted = (
        look.draft(workflow.config_settings.config or {}, REPOSITORY) if "draft" in LOOKING else {}
    )
    if design:
        settings.write_resolved(design.study.config, design.study.results / "config.yaml")
    if design and workflow.is_main_process:
        checks.check_files(design.study, CONFIG)
except InputError as error:
    hint = "" if LOOKING else "\n`snakemake check` lists all that is wrong at once."
    raise WorkflowError(f"{error}{hint}") from None

for note in checks.notes(design.study) if design and workflow.is_main_process else ():
    logger.warning(note)


wildcard_constraints:
    **(design.wildcard_constraints if design else {}),


# A memory request (MB) that grows with every attempt, for profiles that retry.
grows = lambda mb: lambda wildcards, attempt: mb * attempt
