"use strict";
// Figures that are no candles and no line over time. Drawn as SVG and tables, in the page's own colours, so that a change of the
// colour scheme needs no new drawing.
(() => {
  const { card, h, known } = OwnersPage;
  const s = (tag, options = {}, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(options)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const round = (value, digits = 2) => String(Number(value.toFixed(digits))).replace("-", "−");
  const short = (value) => (Math.abs(value) >= 1000 ? `${round(value / 1000, 1)}k` : round(value, Math.abs(value) < 10 ? 2 : 0));
  const note = (it) => (it.note ? h("p", { cls: "empty" }, it.note) : null);

  // A picture that is drawn again in the room that it has, so that its letters keep their size.
  function fitted(draw) {
    const place = h("div", {});
    new ResizeObserver(([{ contentRect: { width } }]) => { if (width) place.replaceChildren(draw(width)); }).observe(place);
    return place;
  }

  // ── how many fell where ──
  function distribution(it) {
    return card(`${it.title}, ${it.unit}`, fitted((width) => bars(it, width)), note(it));
  }

  function bars(it, width) {
    const [height, foot] = [190, 24], most = Math.max(1, ...it.counts), step = width / it.counts.length;
    const parts = it.counts.flatMap((count, n) => {
      const tall = (height - foot - 18) * count / most, middle = (it.edges[n] + it.edges[n + 1]) / 2;
      const told = `${round(it.edges[n])} to ${round(it.edges[n + 1])} ${it.unit}: ${count}`;
      const bar = s("rect", { x: n * step + 1, y: height - foot - tall, width: Math.max(1, step - 2), height: tall, class: middle < 0 ? "fall" : "rise" }, s("title", {}, told));
      return count && step >= 14 ? [bar, s("text", { x: (n + 0.5) * step, y: height - foot - tall - 4, class: "middle" }, String(count))] : [bar];
    });
    const every = Math.ceil(46 / step);
    it.edges.forEach((edge, n) => {
      if (n % every) return;
      parts.push(s("text", { x: n * step, y: height - 6, class: n === 0 ? "start" : n === it.edges.length - 1 ? "end" : "middle" }, short(edge)));
    });
    const label = `${it.title}: ${it.counts.map((count, n) => `${count} from ${round(it.edges[n])} to ${round(it.edges[n + 1])}`).join(", ")}`;
    return s("svg", { viewBox: `0 0 ${width} ${height}`, class: "figure", role: "img", "aria-label": label }, ...parts);
  }

  // ── a map of two settings ──
  function heatMap(it) {
    const most = Math.max(1e-9, ...it.values.flat().filter(known).map(Math.abs));
    const cell = (value) => h("td", { cls: "num", style: !known(value) ? {} : { background: `color-mix(in srgb, var(--${value < 0 ? "dn-fill" : "up-fill"}) ${Math.round(55 * Math.abs(value) / most)}%, var(--card))` } },
      !known(value) ? "—" : value.toFixed(2).replace("-", "−"));
    const head = h("tr", {}, h("th", { scope: "col" }, `${it.down} ↓  ${it.across} →`), ...it.columns.map((name) => h("th", { cls: "num", scope: "col" }, name)));
    const rows = it.rows.map((name, n) => h("tr", {}, h("th", { scope: "row" }, name), ...it.values[n].map(cell)));
    return card(it.title, h("div", { cls: "scroll", tabindex: "0", role: "region", "aria-label": it.title },
      h("table", { cls: "heat" }, h("thead", {}, head), h("tbody", {}, ...rows))), note(it));
  }

  // ── every trial as a line over its settings and what they brought ──
  // What is not known stands below the axes, in a place of its own: neither 0 nor the least.
  function parallel(it) {
    const [width, top, foot, side] = [1000, 34, 26, 56], unknown = it.lines.flat().includes(null) ? 34 : 0;
    const height = 360 + unknown, bottom = height - foot - unknown;
    const x = (n) => side + n * (width - 2 * side) / Math.max(1, it.axes.length - 1);
    const ranges = it.axes.map((axis, n) => {
      const values = it.lines.map((line) => line[n]).filter(known);
      if (!values.length) return null;
      const [low, high] = axis.labels.length ? [0, axis.labels.length - 1] : [Math.min(...values), Math.max(...values)];
      return high > low ? [low, high] : [low - 1, high + 1];
    });
    const y = (n, value) => (known(value) ? bottom - (bottom - top) * (value - ranges[n][0]) / (ranges[n][1] - ranges[n][0]) : bottom + unknown);
    const text = (n, value) => (!known(value) ? "unknown" : it.axes[n].labels.length ? it.axes[n].labels[value] : round(value));
    const told = h("p", { cls: "empty" }, "Point at a line to read it.");
    const lines = it.lines.map((line) => {
      const path = s("path", { d: line.map((value, n) => `${n ? "L" : "M"}${x(n).toFixed(1)} ${y(n, value).toFixed(1)}`).join(""), class: known(line[it.colour]) ? "trial" : "trial unknown" });
      if (known(line[it.colour])) {
        const [worst, best] = ranges[it.colour];
        path.style.setProperty("stroke", `color-mix(in oklab, var(--up-fill) ${Math.round(100 * (line[it.colour] - worst) / (best - worst))}%, var(--dn-fill))`);
      }
      const read = it.axes.map((axis, n) => `${axis.name} ${text(n, line[n])}`).join(" · ");
      path.append(s("title", {}, read));
      path.addEventListener("pointerenter", () => { told.textContent = read; path.parentNode.append(path); });
      return path;
    });
    const axes = it.axes.flatMap((axis, n) => {
      const values = axis.labels.length ? axis.labels.map((_, place) => place).filter((place) => !(place % Math.ceil(axis.labels.length / 12)))
        : ranges[n] ? [ranges[n][0], (ranges[n][0] + ranges[n][1]) / 2, ranges[n][1]] : [];
      const ticks = it.lines.some((line) => !known(line[n])) ? [...values, null] : values;
      const left = n === it.axes.length - 1;
      return [s("line", { x1: x(n), x2: x(n), y1: top, y2: bottom, class: "axis" }),
        s("text", { x: x(n), y: n % 2 ? 12 : 26, class: "middle name" }, axis.name),
        ...ticks.map((value) => s("text", { x: x(n) + (left ? -5 : 5), y: y(n, value) + 4, class: left ? "end tick" : "start tick" }, text(n, value)))];
    });
    const picture = s("svg", { viewBox: `0 0 ${width} ${height}`, class: "figure", role: "img", "aria-label": `${it.title}; the table has the same figures` }, s("g", {}, ...lines), s("g", { class: "over" }, ...axes));
    return card(it.title, h("div", { cls: "scroll", tabindex: "0", role: "region", "aria-label": it.title }, picture), told, note(it));
  }

  const figures = (doc) => [...doc.distributions.map(distribution), ...doc.parallels.map(parallel), ...doc.heat_maps.map(heatMap)];
  Object.assign(OwnersPage.parts, { figures });
})();
