"use strict";
// Draws the document: the one inlined into a file, or the running bot's, again and again without a reload.
(() => {
  const { byId, card, clock, DayChart, fill, h, legend, LineChart, parts } = OwnersPage;
  const EVERY_MS = 1000, GIVE_UP_MS = 5000;
  let chosen = null, day = null, current = null, lines = new Map(), wide = "";

  function draw(doc) {
    current = doc;
    for (const part of ["head", "verdict", "money", "held", "side", "events", "foot"]) parts[part](doc);
    charts(doc);
    curves(doc);
    const mark = JSON.stringify([doc.trades.map((it) => ({ ...it, path: 0 })), doc.tables, doc.distributions, doc.parallels, doc.heat_maps]);
    if (mark !== wide) fill("wide", ...(doc.kind === "backtest" ? backtest(doc) : [...parts.trades(doc), ...parts.tables(doc)]));
    wide = mark;
    document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn || 0) + 1);
  }

  // Of a long backtest the trades are many: what they came to stands before them.
  const backtest = (doc) => [...parts.figures(doc), ...parts.tables(doc), ...parts.trades(doc)];

  function charts(doc) {
    const shown = doc.charts.find((it) => it.symbol === chosen) || doc.charts[0];
    const place = byId("chart");
    place.hidden = !shown;
    if (!shown) return;
    if (!day) {
      place.replaceChildren(h("div", { cls: "tabs", role: "tablist" }), h("h2", {}), h("div", { cls: "plot", role: "img" }), legend());
      day = new DayChart(place.querySelector(".plot"));
    }
    place.querySelector(".plot").setAttribute("aria-label", `${shown.symbol}: candles with the trades; the tables below have the same figures`);
    tabs(place.querySelector(".tabs"), doc, shown);
    day.show(shown, doc.trades);
    const minutes = day.step === 1 ? "one-minute" : day.step === 60 ? "hourly" : `${day.step}-minute`;
    const last = shown.bars[shown.bars.length - 1][0];
    const days = clock.day(shown.bars[0][0]) + (day.spansDays ? ` to ${clock.day(last)}` : "");
    place.querySelector("h2").textContent = `${shown.symbol} · ${days} · ${minutes} candles`;
  }

  function tabs(place, doc, shown) {
    place.hidden = doc.charts.length < 2;
    place.replaceChildren(...doc.charts.map((it) => {
      const tab = h("button", { type: "button", role: "tab", "aria-selected": String(it === shown) }, it.symbol);
      tab.addEventListener("click", () => { chosen = it.symbol; draw(current); });
      return tab;
    }));
  }

  function curves(doc) {
    const wanted = doc.curves.filter((it) => it.points.length > 1);
    // Beside the candles when there are any, and in their place when there are none.
    const home = byId(doc.charts.length ? "right" : "left");
    if (byId("curves").parentElement !== home) home.append(byId("curves"));
    for (const it of wanted) {
      if (!lines.has(it.name)) {
        const place = h("div", { cls: "plot low", role: "img", "aria-label": `${it.name} over time` });
        byId("curves").append(card(`${it.name}, ${it.unit}`, place));
        lines.set(it.name, new LineChart(place, it.points));
      }
      lines.get(it.name).show(it.points);
    }
    byId("curves").hidden = !wanted.length;
  }

  // ── live ──
  let heardAt = Date.now(), tag = "";
  async function ask() {
    const stop = AbortSignal.timeout(GIVE_UP_MS);
    const answer = await fetch("document.json", { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {}, signal: stop });
    heardAt = Date.now();
    if (answer.status === 304) return;
    if (!answer.ok) throw new Error(`the bot answered ${answer.status}`);
    tag = answer.headers.get("ETag") || "";
    draw(await answer.json());
  }

  // Silence must never look like safety: what is on the page is then only the last word.
  function silent() {
    const last = current && current.at ? `The last word is of ${clock.full(current.at)}.` : "Nothing was heard yet.";
    parts.verdict({ title: current ? current.title : "ibkr-options-bot", verdict: {
      level: "danger", word: "No answer", reason: `The bot does not answer this page. ${last}`,
      todo: "Is it running? ibkr-bot status; on the Pi: systemctl status ibkr-bot. Stops that were proved still rest at the broker.", proof: "" } });
    tag = "";
  }

  async function follow() {
    try { await ask(); } catch (error) { if (Date.now() - heardAt > GIVE_UP_MS) silent(); }
    setTimeout(follow, EVERY_MS);
  }

  // Colours live in the charts' canvases, so a change of the scheme draws them anew.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    day = null; lines = new Map();
    byId("curves").replaceChildren();
    if (current) draw(current);
  });
  const inlined = byId("document");
  if (inlined) draw(JSON.parse(inlined.textContent)); else follow();
})();
