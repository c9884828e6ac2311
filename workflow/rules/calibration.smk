"""Calibration: planted truth on a dataset's events and noise, and null worlds of its recordings."""


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
        disk_mb=50,
        runtime=240,
    params:
        spec=lambda wildcards: design.calibrate_world.spec(**wildcards),
        code=design.code("calibrate_world.py"),
    message:
        "Simulating world {wildcards.world}, {wildcards.alignment} alignment"
    script:
        "../scripts/calibrate_world.py"


rule calibrate_recorded:
    input:
        unpack(lambda wildcards: design.calibrate_recorded.inputs(**wildcards)),
    output:
        table=paths.RECORDED_WORLDS,
    log:
        "<logs>/calibrate_recorded/{subject}_{alignment}.log",
    benchmark:
        "<benchmarks>/calibrate_recorded/{subject}_{alignment}.tsv"
    conda:
        "../../envs/encoding.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        disk_mb=50,
        runtime=480,
    params:
        spec=lambda wildcards: design.calibrate_recorded.spec(**wildcards),
        code=design.code("calibrate_recorded.py"),
    message:
        "Turning the film against the recordings of subject {wildcards.subject}, {wildcards.alignment} alignment"
    script:
        "../scripts/calibrate_recorded.py"


rule calibrate:
    input:
        **design.calibrate.inputs(),
    output:
        **design.calibrate.outputs(),
    log:
        "<logs>/calibrate/calibrate.log",
    benchmark:
        "<benchmarks>/calibrate/calibrate.tsv"
    conda:
        "../../envs/contrasts.yaml"
    threads: 1
    resources:
        mem_mb=grows(1500),
        disk_mb=20,
        runtime=20,
    params:
        spec=design.calibrate.spec(),
        code=design.code("calibrate.py"),
    message:
        "Calibration: error rates and power of every contrast"
    script:
        "../scripts/calibrate.py"
