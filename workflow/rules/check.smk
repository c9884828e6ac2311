"""Is everything fit to run? `snakemake check --cores 1 --configfile mine.yaml` lists every fault at once."""


# Its answer goes to the terminal, so it has no output (not even a benchmark), and runs whenever it is asked for.
rule check:
    log:
        "logs/check.log",
    localrule: True
    conda:
        "../../envs/look.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        disk_mb=20,
        runtime=30,
    params:
        spec=lambda wildcards: look.check(config, REPOSITORY, CONFIG),
        code=codehash.code_hash(
            REPOSITORY / "workflow" / "scripts" / "check.py", REPOSITORY / "workflow" / "lib"
        ),
    message:
        "Looking at config, recordings, transcripts and films"
    script:
        "../scripts/check.py"
