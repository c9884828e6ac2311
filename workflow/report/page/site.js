// What is known of every electrode; one electrode, or one subject, opened.
const known = JSON.parse(document.getElementById("known").textContent);
const place = new Map(known.keys.map((key, k) => [key, k]));
const panel = document.getElementById("site"), person = document.getElementById("person"), sites = document.getElementById("sites");
const rows = new Map(sites ? [...sites.tBodies[0].rows].map(row => [row.dataset.key, row]) : []);
const heads = sites ? [...sites.tHead.rows[0].cells].map(head => head.textContent) : [];
const SVG = "http://www.w3.org/2000/svg", COLOURS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7"], DASHES = ["none", "5 2", "2 2", "6 2 1 2"];
const element = (name, text, parent) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
};
const number = v => v === null || v === undefined ? "n/a" : String(Number(v.toPrecision(3))).replace("-", "\u2212");
const interval = (low, high) => `${number(low)} to ${number(high)}`;
const title = k => `sub-${known.subject[k]} ${known.electrode[k]}`;
const reason = k => { const row = rows.get(known.keys[k]), at = heads.indexOf("reason"); return row && at >= 0 ? row.cells[at].textContent : ""; };
const look = k => known.verdicts.find(one => one.name === known.verdict[k]);
const typed = (base, kind) => new kind(Uint8Array.from(atob(base), c => c.charCodeAt(0)).buffer);
for (const one of known.courses) one.values = typed(one.r.bdata, Int16Array);
const report = window.report = {known, number, title, chosen: -1, opened: []};

function button(text, parent, act) {
  const made = element("button", text, parent);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}
function dot(k, parent) {
  const made = button("", parent, () => open(k)), own = look(k);
  made.className = "contact";
  made.style.setProperty("--dot", own.colour);
  made.classList.toggle("hollow", own.symbol.endsWith("-open") || known.verdict[k] === "not tested");
  made.title = `${known.electrode[k]}: ${known.verdict[k]}`;
  made.setAttribute("aria-label", made.title);
  made.setAttribute("aria-current", String(k === report.chosen));
}
// Each shaft a row of its contacts, deepest first.
function shafts(members, parent) {
  const box = element("div", undefined, parent);
  box.className = "shafts";
  for (const shaft of [...new Set(members.map(k => known.shaft[k]))]) {
    const line = element("div", undefined, box), own = members.filter(k => known.shaft[k] === shaft);
    own.sort((a, b) => known.electrode[a].localeCompare(known.electrode[b], "en", {numeric: true}));
    element("span", shaft || "no shaft", line);
    own.forEach(k => dot(k, line));
  }
}
function tableOf(names, lines, parent) {
  const table = element("table", undefined, parent), head = element("tr", undefined, element("thead", undefined, table)), body = element("tbody", undefined, table);
  for (const name of names) element("th", name, head).scope = "col";
  for (const line of lines) { const row = element("tr", undefined, body); for (const text of line) element("td", text, row); }
  return table;
}
function drawing(label, width, height, parent) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  parent.append(svg);
  return (name, given, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, v] of Object.entries(given)) made.setAttribute(key, v);
    if (text) made.textContent = text;
    svg.append(made);
  };
}

// r over time of the networks that the verdicts rest on.
function course(one, k, parent) {
  const at = one.at.indexOf(k), ms = one.ms, n = one.at.length;
  const lines = one.networks.map((_, i) => ms.map((_, b) => one.values[(i * n + at) * ms.length + b] * one.step));
  const low = Math.min(0, ...lines.flat()), high = Math.max(.01, ...lines.flat());
  const x = v => 34 + 256 * (v - ms[0]) / (ms[ms.length - 1] - ms[0]), y = v => 8 + 112 * (high - v) / (high - low);
  const label = `r over time, ${one.events} events`;
  const add = drawing(`${label}: ${one.networks.join(", ")}`, 300, 140 + 13 * lines.length, parent);
  add("path", {d: `M34 ${y(0)}H290M${x(Math.max(ms[0], Math.min(0, ms[ms.length - 1])))} 8V120`, stroke: "currentColor", "stroke-width": .5, fill: "none"});
  lines.forEach((line, i) => {
    add("path", {d: `M${line.map((v, b) => `${x(ms[b]).toFixed(1)} ${y(v).toFixed(1)}`).join("L")}`, fill: "none", stroke: COLOURS[i], "stroke-width": 1.6, "stroke-dasharray": DASHES[i]});
    add("path", {d: `M34 ${146 + 13 * i}h24`, stroke: COLOURS[i], "stroke-width": 1.6, "stroke-dasharray": DASHES[i]});
    add("text", {x: 64, y: 150 + 13 * i, fill: "currentColor", "font-size": 11}, one.networks[i]);
  });
  for (const [text, tx, ty, anchor] of [[`${ms[0]} ms`, 34, 133, "start"], [`${ms[ms.length - 1]} ms`, 290, 133, "end"], [label, 162, 133, "middle"], [number(high), 30, 16, "end"], ["0", 30, y(0) + 4, "end"]])
    add("text", {x: tx, y: ty, "text-anchor": anchor, fill: "currentColor", "font-size": 10}, text);
}
// r of both sides of the decisive contrast, this electrode among all.
function cloud(one, k, parent) {
  const there = one.a.map((v, i) => i).filter(i => one.a[i] !== null && one.b[i] !== null);
  const all = there.flatMap(i => [one.a[i], one.b[i]]), low = Math.min(0, ...all), high = Math.max(.05, ...all);
  const x = v => 30 + 110 * (v - low) / (high - low), y = v => 118 - 110 * (v - low) / (high - low);
  const add = drawing(`r of both sides of ${one.name}, ${one.events} events: ${number(one.a[k])} against ${number(one.b[k])}`, 150, 150, parent);
  add("path", {d: `M${x(low)} ${y(low)}L${x(high)} ${y(high)}`, stroke: "currentColor", "stroke-width": .5, "stroke-dasharray": "3 2"});
  add("path", {d: there.map(i => `M${x(one.b[i]).toFixed(1)} ${y(one.a[i]).toFixed(1)}h0`).join(""), stroke: "currentColor", "stroke-opacity": .35, "stroke-width": 2.4, "stroke-linecap": "round"});
  if (one.a[k] !== null) add("circle", {cx: x(one.b[k]), cy: y(one.a[k]), r: 4.5, fill: COLOURS[0], stroke: "currentColor"});
  const [up, across] = one.name.split(" vs ");
  add("text", {x: 85, y: 134, "text-anchor": "middle", fill: "currentColor", "font-size": 9}, `r of ${across ?? "b"}, ${one.events} events`);
  add("text", {x: -63, y: 10, transform: "rotate(-90)", "text-anchor": "middle", fill: "currentColor", "font-size": 9}, `r of ${up}`);
  add("text", {x: 140, y: 147, "text-anchor": "end", fill: "currentColor", "font-size": 9}, `${number(low)} to ${number(high)}`);
}

// One electrode: recording, what its verdict rests on, its shaft, r over time, controls.
function open(k) {
  if (report.chosen >= 0) rows.get(known.keys[report.chosen])?.classList.remove("chosen");
  report.chosen = k;
  const row = rows.get(known.keys[k]);
  if (row) { row.classList.add("chosen"); row.hidden = false; row.scrollIntoView({block: "nearest"}); }
  panel.replaceChildren();
  button("Close", panel, () => { panel.hidden = true; }).className = "close";
  element("h3", `${title(k)}: ${known.verdict[k]}`, panel);
  element("p", [known.region[k], reason(k)].filter(Boolean).join(". "), panel);
  element("p", `Recorded in ${(known.recordings[known.subject[k]] || ["n/a"]).join(", ")}. On its shaft:`, panel).className = "note";
  shafts(known.keys.map((_, i) => i).filter(i => known.subject[i] === known.subject[k] && known.shaft[i] === known.shaft[k]), panel);
  const lines = [];
  for (const one of known.ladder) {
    const at = one.at.indexOf(k);
    if (at >= 0) lines.push([one.name, one.holds[at] ? "holds" : "not shown", one.sides[one.side[at]], one.events[at], number(one.effect[at]), interval(one.ci_low[at], one.ci_high[at]), number(one.q[at])]);
  }
  if (lines.length) tableOf(["rung", "", "contrast that decides", "events", "effect", "95% interval", "q"], lines, panel).className = "rungs";
  const drawn = element("div", undefined, panel);
  drawn.className = "drawings";
  for (const one of known.courses) if (one.at.includes(k)) course(one, k, drawn);
  for (const one of known.scatter) if (one.a[k] !== null) cloud(one, k, drawn);
  const more = element("details", undefined, panel);
  element("summary", "All contrasts and controls", more);
  const tested = known.measures.filter(one => one.effect[k] !== null);
  tableOf(["contrast", "effect", "95% interval", "q"], tested.map(one => [one.name, number(one.effect[k]), interval(one.ci_low[k], one.ci_high[k]), number(one.q[k])]), more);
  const controls = known.controls.filter(one => one.values[k] !== null);
  if (controls.length) tableOf(["control", "events", "value"], controls.map(one => [one.name, one.events, number(one.values[k])]), more);
  panel.hidden = false;
  report.opened.forEach(act => act(k));
}
report.open = open;
for (const [key, row] of rows) {
  const cell = row.cells[1], made = document.createElement("button");
  made.type = "button"; made.className = "open"; made.textContent = cell.textContent;
  made.addEventListener("click", () => { open(place.get(key)); panel.scrollIntoView({block: "nearest"}); });
  cell.replaceChildren(made);
}

// One subject: recordings, how many electrodes hold each rung, every shaft.
const people = [...new Set(known.subject)];
function subject(name) {
  person.replaceChildren();
  const own = known.keys.map((_, k) => k).filter(k => known.subject[k] === name);
  element("h3", `sub-${name}`, person);
  element("p", `Recordings: ${(known.recordings[name] || ["n/a"]).join(", ")}.`, person);
  const inside = new Set(own);
  const held = known.ladder.map(one => [one.name, one.at.filter((k, i) => inside.has(k) && one.holds[i]).length, one.at.filter(k => inside.has(k)).length]);
  tableOf(["rung", "electrodes", "of"], held.map(line => line.map(String)), person);
  const best = new Map();
  for (const k of own) if (known.network[k]) best.set(known.network[k], (best.get(known.network[k]) || 0) + 1);
  if (best.size) element("p", `Best network, of electrodes with signal: ${[...best].sort((a, b) => b[1] - a[1]).map(([one, n]) => `${one} ${n}`).join(", ")}.`, person);
  element("p", "Shafts, deepest contact first; choose a contact to open it.", person).className = "note";
  shafts(own, person);
}
if (person) {
  const chooser = document.getElementById("person-choice");
  for (const name of people) element("option", name, chooser).value = name;
  chooser.addEventListener("change", () => subject(chooser.value));
  if (people.length) subject(people[0]);
}
