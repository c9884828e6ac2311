"""ieeg-fusion: from intracranial recordings of people watching films to sites of vision-language
integration. The workflow itself begins in workflow/Snakefile.
"""


include: "workflow/Snakefile"


# Snakemake forgets the default target of a file that it includes.
workflow.default_target = "all"
