"""Figures of sites: which there are, where they lie, what was covered."""


rule figure_tests:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("tests"),
    log:
        "<logs>/figure_tests/tests.log",
    benchmark:
        "<benchmarks>/figure_tests/tests.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_tests.py"),
    message:
        "Figure: Overlap of the tests"
    script:
        "../scripts/figure_tests.py"


rule figure_brain:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("brain_{colour}", "brain"),
    log:
        "<logs>/figure_brain/brain_{colour}.log",
    benchmark:
        "<benchmarks>/figure_brain/brain_{colour}.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec=brain_spec,
        code=code("figure_brain.py"),
    message:
        "Figure: Brain by {wildcards.colour}"
    script:
        "../scripts/figure_brain.py"


rule figure_region_map:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("region_map"),
    log:
        "<logs>/figure_region_map/region_map.log",
    benchmark:
        "<benchmarks>/figure_region_map/region_map.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_region_map.py"),
    message:
        "Figure: Regions by test"
    script:
        "../scripts/figure_region_map.py"


rule figure_regions:
    input:
        regions="<results>/regions.tsv",
    output:
        **figure("regions"),
    log:
        "<logs>/figure_regions/regions.log",
    benchmark:
        "<benchmarks>/figure_regions/regions.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={"level": STATISTICS["level"]},
        code=code("figure_regions.py"),
    message:
        "Figure: Sites by region"
    script:
        "../scripts/figure_regions.py"


rule figure_coverage:
    input:
        sites="<results>/sites.tsv",
    output:
        **figure("coverage"),
    log:
        "<logs>/figure_coverage/coverage.log",
    benchmark:
        "<benchmarks>/figure_coverage/coverage.tsv"
    conda:
        "../../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=grows(700),
        runtime=10,
    params:
        spec={},
        code=code("figure_coverage.py"),
    message:
        "Figure: Coverage"
    script:
        "../scripts/figure_coverage.py"
