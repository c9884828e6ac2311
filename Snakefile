"""ieeg-fusion: from intracranial recordings of people watching films to sites of vision-language integration."""

from snakemake.utils import min_version

min_version("9.27")


# A config file given on the command line stands alone: no setting of the demo leaks into another dataset.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


pathvars:
    results=f"results/{config['dataset']}",
    logs=f"logs/{config['dataset']}",
    benchmarks=f"results/{config['dataset']}/benchmarks",


rule all:
    default_target: True
    input:
        final_outputs(),


include: "workflow/rules/demo.smk"
include: "workflow/rules/ieeg.smk"
include: "workflow/rules/stimuli.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/encoding.smk"
include: "workflow/rules/contrasts.smk"
include: "workflow/rules/controls.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/plan.smk"
