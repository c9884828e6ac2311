"""Calibration: error rates and power of every contrast in simulations with planted truth."""


rule calibrate_world:
    input:
        unpack(lambda wildcards: design.calibrate_world.inputs(**wildcards)),
    output:
        table=paths.WORLD,
    log:
        "<logs>/calibrate_world/{alignment}_{world}.log",
    benchmark:
        "<benchmarks>/calibrate_world/{alignment}_{world}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=grows(2500),
        runtime=240,
    params:
        spec=lambda wildcards: design.calibrate_world.spec(**wildcards),
        code=design.code("calibrate_world.py"),
    message:
        "Simulating world {wildcards.world}, {wildcards.alignment} alignment"
    script:
        "../scripts/calibrate_world.py"


rule calibrate:
    input:
        **design.calibrate.inputs(),
    output:
        table=paths.fill(paths.TABLE, table="calibration"),
        dictionary=paths.fill(paths.DICTIONARY, table="calibration"),
    log:
        "<logs>/calibrate/calibrate.log",
    benchmark:
        "<benchmarks>/calibrate/calibrate.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        runtime=20,
    params:
        spec=design.calibrate.spec(),
        code=design.code("calibrate.py"),
    message:
        "Calibration: error rates and power of every contrast"
    script:
        "../scripts/calibrate.py"
