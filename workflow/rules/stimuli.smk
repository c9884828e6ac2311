"""Films and words: one table of words, scene cuts, events of each alignment, and the pictures those events need."""


include: "jobs/stimuli.smk"


rule transcript:
    input:
        unpack(transcript_files),
    output:
        words="<results>/stimuli/{stimulus}_words.tsv",
    log:
        "<logs>/transcript/{stimulus}.log",
    benchmark:
        "<benchmarks>/transcript/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=10,
    params:
        spec=transcript_spec,
        code=code("transcript.py"),
    message:
        "Read the words of {wildcards.stimulus}"
    script:
        "../scripts/transcript.py"


rule scene_cuts:
    input:
        unpack(cut_files),
        film=film_file,
    output:
        cuts="<results>/stimuli/{stimulus}_cuts.tsv",
    log:
        "<logs>/scene_cuts/{stimulus}.log",
    benchmark:
        "<benchmarks>/scene_cuts/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 2
    resources:
        mem_mb=grows(1000),
        runtime=120,
    params:
        spec=cut_spec,
        code=code("scene_cuts.py"),
    message:
        "Find the scene cuts of {wildcards.stimulus}"
    script:
        "../scripts/scene_cuts.py"


rule events:
    input:
        unpack(event_files),
        film=film_file,
    output:
        events="<results>/events/{stimulus}_{alignment}.tsv",
        counts="<results>/events/{stimulus}_{alignment}_counts.tsv",
    log:
        "<logs>/events/{stimulus}_{alignment}.log",
    benchmark:
        "<benchmarks>/events/{stimulus}_{alignment}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=20,
    params:
        spec=event_spec,
        code=code("events.py"),
    message:
        "Make the {wildcards.alignment} events of {wildcards.stimulus}"
    script:
        "../scripts/events.py"


rule frames:
    input:
        events=expand("<results>/events/{{stimulus}}_{alignment}.tsv", alignment=ALIGNMENTS),
        film=film_file,
    output:
        frames="<results>/frames/{stimulus}.nc",
    log:
        "<logs>/frames/{stimulus}.log",
    benchmark:
        "<benchmarks>/frames/{stimulus}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 2
    resources:
        mem_mb=grows(1000),
        runtime=120,
    params:
        spec=lambda wildcards: {
            "stimulus": wildcards.stimulus,
            "size_px": config["frames"]["size_px"],
        },
        code=code("frames.py"),
    message:
        "Keep the pictures of {wildcards.stimulus} that events need"
    script:
        "../scripts/frames.py"


rule lowlevel:
    input:
        film=film_file,
        events="<results>/events/{stimulus}_{alignment}.tsv",
        words="<results>/stimuli/{stimulus}_words.tsv",
        cuts="<results>/stimuli/{stimulus}_cuts.tsv",
        frames="<results>/frames/{stimulus}.nc",
    output:
        lowlevel="<results>/lowlevel/{stimulus}_{alignment}.nc",
    log:
        "<logs>/lowlevel/{stimulus}_{alignment}.log",
    benchmark:
        "<benchmarks>/lowlevel/{stimulus}_{alignment}.tsv"
    conda:
        "../../envs/stimuli.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=60,
    params:
        spec=lowlevel_spec,
        code=code("lowlevel.py"),
    message:
        "Describe the {wildcards.alignment} events of {wildcards.stimulus}"
    script:
        "../scripts/lowlevel.py"
