const holder = document.getElementById("brain-data");
if (holder) {
  const data = JSON.parse(holder.textContent);
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer;
  const mesh = new Int16Array(bytes(data.mesh.vertices)), faces = new Uint16Array(bytes(data.mesh.faces));
  const canvas = document.getElementById("brain-canvas"), context = canvas.getContext("2d");
  const label = document.getElementById("brain-label"), spoken = document.getElementById("brain-spoken");
  const looks = data.looks, sites = data.sites, middle = [0, -18, 12];
  let turn = -Math.PI / 2, tilt = 0.12, zoom = 1, chosen = -1, queued = false, drag = null;
  const hidden = new Set();
  const state = {get turn() { return turn; }, get tilt() { return tilt; }, places: []};
  canvas.fusion = state;

  const count = mesh.length / 3, x = new Float32Array(count), y = new Float32Array(count), z = new Float32Array(count);
  const place = (px, py, pz, view) => {
    // x right, y front, z up. Turn about the vertical axis, then tilt: returns right, up and towards the reader.
    const right = px * view.ct + py * view.st, away = -px * view.st + py * view.ct;
    return [right, pz * view.cv + away * view.sv, pz * view.sv - away * view.cv];
  };
  const angles = () => ({ct: Math.cos(turn), st: Math.sin(turn), cv: Math.cos(tilt), sv: Math.sin(tilt)});

  function size() {
    const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return box;
  }

  function shape(kind, px, py, r) {
    context.beginPath();
    if (kind === "square") context.rect(px - r * .85, py - r * .85, r * 1.7, r * 1.7);
    else if (kind === "diamond") { context.moveTo(px, py - r * 1.2); context.lineTo(px + r * 1.2, py); context.lineTo(px, py + r * 1.2); context.lineTo(px - r * 1.2, py); context.closePath(); }
    else if (kind === "triangle") { context.moveTo(px, py - r * 1.1); context.lineTo(px + r, py + r * .8); context.lineTo(px - r, py + r * .8); context.closePath(); }
    else if (kind === "cross") { context.moveTo(px - r, py - r); context.lineTo(px + r, py + r); context.moveTo(px + r, py - r); context.lineTo(px - r, py + r); }
    else context.arc(px, py, r, 0, 7);
  }

  function draw() {
    queued = false;
    const box = size(), scale = zoom * Math.min(box.width / 200, box.height / 170), view = angles();
    const cx = box.width / 2, cy = box.height / 2;
    context.clearRect(0, 0, box.width, box.height);
    for (let i = 0; i < count; i++) {
      const [right, up, near] = place(mesh[3 * i] / 10 - middle[0], mesh[3 * i + 1] / 10 - middle[1], mesh[3 * i + 2] / 10 - middle[2], view);
      x[i] = cx + right * scale; y[i] = cy - up * scale; z[i] = near;
    }
    // Glass: a face is the darker the more it is seen from its edge. Faces of one darkness are filled at once.
    const shades = Array.from({length: 8}, () => new Path2D());
    for (let i = 0; i < faces.length; i += 3) {
      const a = faces[i], b = faces[i + 1], c = faces[i + 2];
      const ux = x[b] - x[a], uy = y[b] - y[a], uz = (z[b] - z[a]) * scale, vx = x[c] - x[a], vy = y[c] - y[a], vz = (z[c] - z[a]) * scale;
      const nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
      const edge = 1 - Math.abs(nz) / (Math.hypot(nx, ny, nz) || 1);
      const path = shades[Math.min(7, Math.floor(edge * 8))];
      path.moveTo(x[a], y[a]); path.lineTo(x[b], y[b]); path.lineTo(x[c], y[c]); path.closePath();
    }
    shades.forEach((path, k) => { context.fillStyle = `rgba(70, 80, 95, ${0.025 + 0.02 * k})`; context.fill(path); });
    const points = [];
    sites.forEach((site, k) => {
      if (hidden.has(site[3])) return;
      const [right, up, near] = place(site[0] - middle[0], site[1] - middle[1], site[2] - middle[2], view);
      points.push([cx + right * scale, cy - up * scale, near, k]);
    });
    points.sort((a, b) => a[2] - b[2]);
    for (const [px, py, near, k] of points) {
      const look = looks[sites[k][3]];
      context.globalAlpha = Math.max(.45, Math.min(1, .75 + near / 200));
      shape(look.shape, px, py, look.size * (k === chosen ? 1.7 : 1));
      if (look.fill) { context.fillStyle = look.fill; context.fill(); }
      context.lineWidth = k === chosen ? 2.5 : look.width;
      context.strokeStyle = look.edge;
      if (look.width) context.stroke();
    }
    context.globalAlpha = 1;
    state.places = points;
  }
  const redraw = () => { if (!queued) { queued = true; requestAnimationFrame(draw); } };

  function say(k, px, py) {
    chosen = k;
    label.hidden = k < 0;
    if (k >= 0) {
      const text = `${sites[k][4]}: ${looks[sites[k][3]].name}${sites[k][5] ? ". " + sites[k][5] : ""}`;
      label.textContent = text;
      spoken.textContent = text;
      const wide = canvas.clientWidth;
      label.style.left = px > wide / 2 ? "" : `${px + 14}px`;
      label.style.right = px > wide / 2 ? `${wide - px + 14}px` : "";
      label.style.top = `${Math.max(0, py - 10)}px`;
    }
    redraw();
  }
  function nearest(px, py, reach) {
    let best = -1, least = reach * reach, at = null;
    for (const [qx, qy, near, k] of state.places) {
      const far = (qx - px) ** 2 + (qy - py) ** 2;
      if (far < least) { least = far; best = k; at = [qx, qy]; }
    }
    return [best, at];
  }
  canvas.addEventListener("pointerdown", event => { drag = [event.clientX, event.clientY, turn, tilt]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("pointerleave", () => say(-1));
  canvas.addEventListener("pointermove", event => {
    if (drag) {
      turn = drag[2] - (event.clientX - drag[0]) / 120;
      tilt = Math.max(-1.57, Math.min(1.57, drag[3] + (event.clientY - drag[1]) / 120));
      return say(-1);
    }
    const box = canvas.getBoundingClientRect(), [k, at] = nearest(event.clientX - box.left, event.clientY - box.top, 12);
    if (k !== chosen) say(k, ...(at || [0, 0]));
  });
  canvas.addEventListener("keydown", event => {
    const step = {ArrowLeft: [.15, 0], ArrowRight: [-.15, 0], ArrowUp: [0, -.15], ArrowDown: [0, .15]}[event.key];
    if (step) { turn += step[0]; tilt = Math.max(-1.57, Math.min(1.57, tilt + step[1])); event.preventDefault(); say(-1); }
  });
  const views = {left: [-Math.PI / 2, 0], right: [Math.PI / 2, 0], front: [Math.PI, 0], back: [0, 0], top: [0, Math.PI / 2], bottom: [0, -Math.PI / 2]};
  document.getElementById("brain-view").addEventListener("change", event => { [turn, tilt] = views[event.target.value]; say(-1); });
  document.getElementById("brain-nearer").addEventListener("click", () => { zoom = Math.min(4, zoom * 1.25); redraw(); });
  document.getElementById("brain-farther").addEventListener("click", () => { zoom = Math.max(.5, zoom / 1.25); redraw(); });
  for (const box of document.querySelectorAll("[data-look]"))
    box.addEventListener("change", () => { hidden[box.checked ? "delete" : "add"](Number(box.dataset.look)); say(-1); });
  window.addEventListener("resize", redraw);
  draw();
}
