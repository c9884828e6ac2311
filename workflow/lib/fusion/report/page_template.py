# ruff: noqa: E501 - lines are those of the page
"""The report's page, as a Jinja template."""

TEMPLATE = """
{%- macro figure(id) -%}
{%- if id in figures -%}
{%- set f = figures[id] -%}
<figure id="figure-{{ id }}">
<div class="scroller" tabindex="0" role="region" aria-label="Figure {{ f.number }}"><img src="{{ f.src }}" alt="{{ f.alt }}" width="{{ f.width }}" height="{{ f.height }}"></div>
<figcaption><p><strong>Figure {{ f.number }}. {{ f.title }}.</strong> {% for p in f.caption %}{{ p }}{% if not loop.last %}</p><p>{% endif %}{% endfor %}
 <span class="note">Data: <code>figures/{{ id }}.tsv</code>; vector: <code>figures/{{ id }}.svg</code>.</span></p></figcaption>
</figure>
{%- endif -%}
{%- endmacro -%}
{%- macro datatable(t) -%}
{%- if t.rows -%}
{%- if t.filtered -%}
<div class="controls" data-filters="{{ t.id }}">
<label>Filter rows <input type="search" autocomplete="off"></label>
{%- if t.groups %}<label>Verdict <select><option value="">all</option>{% for g in t.groups %}<option>{{ g }}</option>{% endfor %}</select></label>{% endif %}
<output aria-live="polite"></output>
</div>
{%- endif -%}
<div class="scroller{{ ' tall' if t.tall }}" tabindex="0" role="region" aria-label="Table: {{ t.id }}">
<table id="{{ t.id }}"{% if t.sortable %} class="sortable"{% endif %}><caption><span>{{ t.caption }}</span></caption>
<thead><tr>{% for c in t.columns %}<th scope="col"{% if c.number %} class="number"{% endif %}>{% if t.sortable %}<button type="button">{{ c.label }}</button>{% else %}{{ c.label }}{% endif %}</th>{% endfor %}</tr></thead>
<tbody>
{%- for r in t.rows %}
<tr{% if r.group %} data-group="{{ r.group }}"{% endif %}>{% for text, value in r.cells %}<td{% if t.columns[loop.index0].number %} class="number"{% elif t.columns[loop.index0].words %} class="words"{% endif %}{% if value is not none %} data-value="{{ value }}"{% endif %}>{{ text }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table></div>
{%- else -%}
<p class="note">{{ t.caption }} There are no rows.</p>
{%- endif -%}
{%- endmacro -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>{{ dataset }}: sites of vision-language integration</title>
<style>{{ css }}</style>
</head>
<body>
<header>
<h1>Where vision and language meet: {{ dataset }}</h1>
<p class="lead">Sites of vision-language integration in intracranial recordings of people watching films, and what the evidence for them is worth.</p>
</header>
<nav aria-label="Contents"><ol>{% for id, title in contents %}<li><a href="#{{ id }}">{{ title }}</a></li>{% endfor %}</ol></nav>
<main>
<section id="answer">
<h2>The question and the answer</h2>
<p>Which recording sites join what is seen with what is said? A site is held to integrate vision and language if a network trained on both predicts its activity better than vision
alone or language alone do. Because networks differ in architecture, size and training data, the decisive comparison holds these fixed.</p>
<div class="answer" id="sentences">{% for sentence in answer %}<p>{{ sentence }}</p>{% endfor %}</div>
{% if simulated %}<p class="warning"><strong>Simulated data.</strong> These recordings were made by the workflow, with planted sites; they say nothing about a brain.</p>{% endif %}
{% for warning in warnings %}<p class="warning">{{ warning }}</p>{% endfor %}
</section>

<section id="tests">
<h2>Sites, test by test</h2>
{{ datatable(tables.tests) }}
{{ datatable(tables.verdicts) }}
{{ figure("tests") }}
{% if tables.overlap %}{{ datatable(tables.overlap) }}{% endif %}
{% if tables.subjects %}{{ datatable(tables.subjects) }}{% endif %}
{% if tables.confusion %}<h3>Planted and found</h3>
{{ datatable(tables.confusion) }}{% endif %}
</section>

<section id="brain">
<h2>The brain</h2>
{% if brain %}
<p>Drag to turn, hover or touch for an electrode's name; arrow keys turn it too. The surface is fsaverage. {{ brain_note }}</p>
<div class="controls">
<label>View <select id="brain-view"><option value="left">left</option><option value="right">right</option><option value="front">front</option><option value="back">back</option><option value="top">top</option><option value="bottom">bottom</option></select></label>
<button type="button" id="brain-nearer">Larger</button><button type="button" id="brain-farther">Smaller</button>
</div>
<div class="brain"><canvas id="brain-canvas" tabindex="0" role="img" aria-label="Brain with {{ brain_count }} electrodes, coloured by verdict; the table of all sites lists them"></canvas>
<div class="label" id="brain-label" hidden></div></div>
<p id="brain-spoken" class="note" aria-live="polite"></p>
<fieldset class="legend"><legend class="note">Shown</legend>{% for l in brain_legend %}<label><input type="checkbox" checked data-look="{{ loop.index0 }}">{{ l.mark }} {{ l.name }} ({{ l.count }})</label>{% endfor %}</fieldset>
{% else %}<p>No electrode can be drawn on the template brain. {{ brain_note }}</p>{% endif %}
{{ figure("brain_verdict") }}
{{ figure("brain_model") }}
{{ figure("region_map") }}
</section>

<section id="regions-section">
<h2>Regions</h2>
{% if n.get("regions.covered") %}<p>Electrodes lie in {{ n("regions.covered") }} named regions; {{ n("regions.positive") }} of them hold at least one site of integration, and
{{ n("regions.passing") }} hold more than random placement within subjects would give (false-discovery level {{ level }}). {{ n("regions.uncovered") }} regions of the atlas have no electrode{% if n.get("regions.unknown") %}, and
{{ n("regions.unknown") }} electrodes have no known region{% endif %}.</p>
{% else %}<p>No electrode has a region, so nothing can be counted by region.</p>{% endif %}
{{ figure("regions") }}
{{ figure("coverage") }}
{% if n.get("regions.covered") %}{{ datatable(tables.regions) }}{% endif %}
</section>

<section id="contrasts-section">
<h2>Contrasts</h2>
{{ figure("effects") }}
{{ figure("scatter") }}
{{ figure("slip") }}
{{ figure("time") }}
{{ figure("latency") }}
{{ figure("alignments") }}
{{ datatable(tables.contrasts) }}
</section>

<section id="models-section">
<h2>Models and layers</h2>
{{ figure("trained") }}
{{ figure("layers") }}
{{ figure("examples") }}
</section>

{% if controls %}
<section id="controls">
<h2>Controls</h2>
{% for c in controls %}
<h3>{{ c.title }}</h3>
<p>{{ c.text }}</p>
{% for f in c.figures %}{{ figure(f) }}{% endfor %}
{% if c.table %}{{ datatable(c.table) }}{% endif %}
{% endfor %}
</section>
{% endif %}

<section id="quality">
<h2>Quality of the data, and what was dropped</h2>
<p>{{ n("recordings") }} recording{{ "s" if n.get("recordings") != 1 }} with {{ n("channels.all") }} channels: {{ n("channels.kept") }} kept, {{ n("channels.dropped") }} dropped in cleaning.
Of the electrodes in the table of sites, {{ n("sites.untested") }} could not be tested.
{% if rising is not none %}At sites with signal, the best model's validation r still rose at the end of the grid of penalties in {{ n("alpha.rising", 1) }}% of bins of the primary window{{ "; see whether a wider encoding.alphas changes r" if rising > 5 }}.{% endif %}</p>
{{ figure("folds") }}
{{ datatable(tables.recordings) }}
{% if tables.cleaning %}{{ datatable(tables.cleaning) }}{% endif %}
{{ datatable(tables.dropped) }}
{% if tables.untested %}{{ datatable(tables.untested) }}{% endif %}
</section>

<section id="limits">
<h2>What this analysis cannot say</h2>
<ul>{% for limit in limits %}<li>{{ limit }}</li>{% endfor %}</ul>
</section>

<section id="sites-section">
<h2>All sites</h2>
<p>The file <code>sites.tsv</code> has all columns; <code>sites.json</code> beside it gives the meaning and unit of each.</p>
{{ datatable(tables.sites) }}
</section>

<section id="cards">
<h2>Model cards</h2>
{{ datatable(tables.cards) }}
{% for card in cards %}<details><summary>{{ card.name }}: full card</summary><pre tabindex="0">{{ card.text }}</pre></details>{% endfor %}
</section>

<section id="methods">
<h2>Methods</h2>
<p class="note">Written from the config that was used; the numbers in brackets are the references below.</p>
{% for heading, text, cited in methods %}<h3>{{ heading }}</h3><p>{{ text }}{% if cited %} [{{ cited|join(", ") }}]{% endif %}</p>{% endfor %}
<h3>References</h3>
<ol>{% for r in references %}<li>{{ r }}</li>{% endfor %}</ol>
</section>

<section id="provenance">
<h2>Config, software, run times</h2>
<details><summary>The config as it was used</summary><pre tabindex="0">{{ config_text }}</pre></details>
{{ datatable(tables.versions) }}
{{ datatable(tables.times) }}
</section>
</main>
<footer><p>Made by ieeg-fusion from <code>sites.tsv</code>, <code>regions.tsv</code> and <code>contrasts.parquet</code> of {{ dataset }}. This file holds everything it shows and asks the network for nothing.</p></footer>
{% if brain %}<script type="application/json" id="brain-data">{{ brain }}</script>{% endif %}
<script>{{ script }}</script>
</body>
</html>
"""
