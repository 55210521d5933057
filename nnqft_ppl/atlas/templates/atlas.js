"use strict";
// The atlas moves: tables sort, the front page is searched, and sliders draw exact curves from the tables in the page.

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const order = (a, b) => {
      const [x, y] = [Number(a), Number(b)];
      return a !== "" && b !== "" && Number.isFinite(x) && Number.isFinite(y) ? x - y : compare(a, b);
    };
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => (down ? -1 : 1) * order(value(a), value(b)));
    table.tBodies[0].append(...rows);
  }));
}

const find = document.getElementById("find");
if (find) {
  find.addEventListener("input", () => {
    const words = find.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const one of document.querySelectorAll("[data-words]")) {
      one.hidden = !words.every((word) => one.dataset.words.toLowerCase().includes(word));
      if (!one.hidden && one.localName === "li") shown += 1;
    }
    document.getElementById("found").textContent = find.value ? `${shown} found` : "";
  });
}

const text = document.getElementById("tables");
if (text) slide(JSON.parse(text.textContent));

function slide(data) {
  const sliders = data.sliders.map((one) => document.getElementById(`slide-${one.name}`));
  const hasWidth = data.sliders[0]?.name === "width";
  const others = data.sliders.slice(hasWidth ? 1 : 0);
  const start = data.sliders.map((one) => one.start);
  const place = (indices) => others.reduce((at, one, k) => at * one.values.length + indices[k + (hasWidth ? 1 : 0)], 0);
  const combinations = others.reduce((all, one) => all * one.values.length, 1);
  const curve = (table, at) => (table[at] < 0 ? null : data.curves[table[at]]);

  function curves(indices) {
    const at = place(indices) + (hasWidth ? indices[0] * combinations : 0);
    return [curve(data.twoPoint, at), curve(data.spectrum, at), curve(data.fourPoint, place(indices))];
  }

  const asked = [
    { key: "two-point", title: "Two-point function", x: data.r, across: "r [1/m]", up: "G2(0, r)" },
    { key: "spectrum", title: "Power spectrum", x: data.p, across: "p [m]", up: "G(p)" },
    { key: "width", title: "Interaction against width", x: data.widths, across: "N", up: "|G4c|", log: true },
  ].map((one, k) => ({ ...one, k, before: curves(start)[k] })).filter((one) => one.before && one.x.length > 1);
  const plots = document.querySelector(".plots");
  for (const one of asked) {
    one.figure = document.createElement("figure");
    plots.append(one.figure);
  }

  function draw() {
    const indices = sliders.map((one) => Number(one.value));
    const said = data.sliders.map((one, k) => `${one.name} = ${shown(one.values[indices[k]])}`);
    sliders.forEach((one, k) => {
      const value = shown(data.sliders[k].values[indices[k]]);
      one.setAttribute("aria-valuetext", value);
      one.nextElementSibling.textContent = value;
    });
    const now = curves(indices);
    for (const one of asked) {
      const values = now[one.k];
      const words = values ? `${one.title} at ${said.join(", ")}` : `${one.title}: no such theory at ${said.join(", ")}`;
      const mark = one.log && hasWidth && values ? [data.widths[indices[0]], values[indices[0]]] : null;
      one.figure.innerHTML = picture(data.frame, one, values, mark, words);
    }
    const four = now[2] && (hasWidth ? now[2][indices[0]] : now[2][0]);
    document.querySelector(".now").textContent =
      `${said.join(", ")}: ` + (now[0] ? `G2(0, 0) = ${shown(now[0][0])}` : "no such theory") +
      (four === null || four === undefined ? "." : `, G4c = ${shown(four)}.`);
  }

  for (const one of sliders) one.addEventListener("input", draw);
  document.querySelector(".sliders form").addEventListener("reset", () => setTimeout(draw));
  draw();
}

// -- a picture, as `svg.py` draws it -------------------------------------------------------------------------------

function axis(values, log, room) {
  const v = values.filter((one) => one !== null && (!log || one > 0)).map((one) => (log ? Math.log10(one) : one));
  if (!v.length) return { low: 0, high: 1, log };
  let [low, high] = [Math.min(...v), Math.max(...v)];
  if (high - low < 1e-12 * Math.max(Math.abs(low), Math.abs(high), 1e-290)) {
    [low, high] = [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
  }
  return { low: low - room * (high - low), high: high + room * (high - low), log };
}

function ticks({ low, high, log }) {
  let step = Math.max(1, Math.ceil((high - low) / 5));
  if (!log) {
    const unit = 10 ** Math.floor(Math.log10((high - low) / 5));
    step = [1, 2, 5, 10].map((m) => m * unit).find((m) => m >= 0.999 * ((high - low) / 5));
  }
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k <= Math.floor(high / step + 1e-9); k += 1) {
    found.push(log ? 10 ** (k * step) : k * step);
  }
  return found;
}

function shown(value) {
  if (value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5)) {
    return String(Number(value.toPrecision(4))).replace("-", "−");
  }
  const [mantissa, exponent] = value.toExponential(1).split("e");
  const power = exponent.replace("+", "").replace(/[-\d]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);
  const head = mantissa.replace(".0", "").replace("-", "−");
  return head === "1" ? `10${power}` : `${head}·10${power}`;
}

function picture(frame, asked, values, mark, words) {
  const { width, height, left, right, top, bottom } = frame;
  const log = Boolean(asked.log);
  const all = [...asked.before, ...(values ?? [])].map((one) => (log && one !== null ? Math.abs(one) : one));
  const across = axis(asked.x, log, 0);
  const up = axis(all, log, 0.06);
  const at = (scale, value) => ((scale.log ? Math.log10(value) : value) - scale.low) / (scale.high - scale.low);
  const px = (value) => left + (width - left - right) * at(across, value);
  const py = (value) => height - bottom - (height - top - bottom) * at(up, value);
  const line = (ys, look, sign) => {
    let [pen, path] = ["M", ""];
    asked.x.forEach((x, k) => {
      const y = ys[k];
      if (y === null || (log && sign * y <= 0)) { pen = "M"; return; }
      path += `${pen}${px(x).toFixed(1)} ${py(log ? Math.abs(y) : y).toFixed(1)}`;
      pen = "L";
    });
    return `<path class="curve ${look}${sign < 0 ? " dashed" : ""}" d="${path}"/>`;
  };
  const both = (ys, look) => (log ? line(ys, look, 1) + line(ys, look, -1) : line(ys, look, 1));
  let lines = `M${left} ${top}V${height - bottom}H${width - right}`;
  let labels = "";
  for (const tick of ticks(across)) {
    lines += `M${px(tick).toFixed(1)} ${height - bottom}v4`;
    labels += `<text x="${px(tick).toFixed(1)}" y="${height - bottom + 17}" text-anchor="middle">${shown(tick)}</text>`;
  }
  for (const tick of ticks(up)) {
    lines += `M${left} ${py(tick).toFixed(1)}h-4`;
    labels += `<text x="${left - 7}" y="${(py(tick) + 4).toFixed(1)}" text-anchor="end">${shown(tick)}</text>`;
  }
  const dot = mark && mark[1] ? `<circle class="dot c1" cx="${px(mark[0])}" cy="${py(Math.abs(mark[1]))}" r="4"/>` : "";
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words}"><path class="frame" d="${lines}"/>${labels}` +
    `<text x="${(left + width - right) / 2}" y="${height - 6}" text-anchor="middle">${asked.across}</text>` +
    `<text transform="translate(13 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${asked.up}</text>` +
    `${both(asked.before, "before")}${values ? both(values, "c0 now-curve") : ""}${dot}</svg>` +
    `<figcaption>${asked.title}${values ? "" : ": no such theory"}</figcaption>`;
}
