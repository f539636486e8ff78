"use strict";
// The parts of the page, each drawn from its own key of the document, and not drawn where the document has nothing for it.
(() => {
  const { byId, clock, fill, h, known, plain, price, signed, tone } = OwnersPage;
  const card = (title, ...children) => h("section", { cls: "card" }, h("h2", {}, title), ...children);
  const amount = (value) => h("b", { cls: tone(value) }, signed(value));

  function head(doc) {
    const { trading, account, symbols, mode, dry_run: dry } = doc.source;
    const chips = [];
    if (trading) chips.push(h("span", { cls: `chip ${trading === "live" ? "live" : "real"}` }, [trading, account].filter(Boolean).join(" · ")));
    if (dry) chips.push(h("span", { cls: "chip" }, "dry run: no order is sent"));
    if (symbols.length) chips.push(h("span", { cls: "chip" }, [symbols.join(" "), mode].filter(Boolean).join(" · ")));
    fill("head", h("h1", {}, doc.title), ...chips, h("time", {}, clock.full(doc.at)));
  }

  function verdict(doc) {
    const { level, word, reason, todo, proof } = doc.verdict;
    byId("verdict").className = level;
    fill("verdict", h("h2", {}, word), h("div", {},
      h("p", {}, reason),
      todo ? h("p", { cls: "todo" }, todo) : null,
      proof ? h("small", {}, proof) : null));
    document.title = `${level === "danger" ? "⚠ " : ""}${word} · ${doc.title}`;
  }

  function money(doc) {
    const it = doc.money;
    if (!it) return fill("money");
    return fill("money",
      h("div", {}, h("h2", {}, it.heading), h("span", { cls: `big ${tone(it.net)}`, id: "net" }, known(it.net) ? `${signed(it.net)} ${it.currency}` : "unknown")),
      h("div", { cls: "sum" }, "realised ", amount(it.realized), ...(known(it.unrealized) || !known(it.net) ? [" + open ", amount(it.unrealized)] : []), " − fees ", h("b", {}, plain(it.fees)), " = ", amount(it.net)),
      known(it.equity) ? h("div", { cls: "right" }, h("h2", {}, known(it.equity_at) ? `Equity at ${clock.minute(it.equity_at)}` : "Equity"), h("span", { cls: "big" }, plain(it.equity))) : null);
  }

  function ladder(it) {
    const [low, high] = [it.stop, it.target].map(Number);
    const at = (value) => `${Math.max(0, Math.min(1, (Number(value) - low) / (high - low))) * 100}%`;
    const parts = [h("div", { cls: "track" })];
    if (known(it.bid) && known(it.price)) {
      const [paid, bid] = [it.price, it.bid].map(Number), [from, to] = [paid, bid].sort((a, b) => a - b).map(at);
      parts.push(h("div", { cls: `moved ${bid >= paid ? "win" : "loss"}`, style: { left: from, width: `calc(${to} - ${from})` } }));
    }
    for (const [name, value] of [["stop", it.stop], ["paid", it.price], ["target", it.target]]) {
      if (known(value)) parts.push(h("i", { style: { left: at(value) } }), h("span", { style: { left: at(value) } }, `${name} ${price(value)}`));
    }
    if (known(it.bid)) parts.push(h("i", { cls: "now", style: { left: at(it.bid) } }), h("span", { cls: "now", style: { left: at(it.bid) } }, `bid ${price(it.bid)}`));
    return h("div", { cls: "ladder", role: "img", "aria-label": `stop ${it.stop}, paid ${it.price ?? "unknown"}, bid ${it.bid ?? "unknown"}, target ${it.target}` }, ...parts);
  }

  function position(it) {
    if (!it.quantity) {
      return h("div", { cls: "one" }, h("div", { cls: "row" }, h("h3", {}, `buying ${it.planned} ${it.label}`), h("span", {}, `at ${price(it.price)} or better`)));
    }
    const proof = h("span", { cls: it.is_proved ? "proof" : "proof bad" }, it.is_proved ? "✓ stop proved" : "✗ stop not proved");
    const story = `cost ${plain(it.cost)} · ${it.strategy} · since ${clock.minute(it.opened_at)}`;
    const until = it.is_overdue
      ? h("p", { cls: "late" }, `held past its time: was to close by ${clock.minute(it.close_by)}`)
      : h("p", { cls: "note" }, `closes by ${clock.shortDay(it.close_by)}, ${clock.minute(it.close_by)} at the latest`);
    return h("div", { cls: "one", "data-idea": it.idea_id },
      h("div", { cls: "row" }, h("h3", {}, `${it.quantity} ${it.label}`), amount(it.unrealized)),
      h("div", { cls: "row" }, h("span", {}, story), proof),
      ladder(it), until);
  }

  function held(doc) {
    if (doc.kind !== "live" && !doc.held.length) return fill("held");
    const parts = doc.held.length ? doc.held.map(position) : [h("p", { cls: "empty" }, "Nothing is held.")];
    return fill("held", h("h2", {}, "Held"), ...parts);
  }

  const gauge = (it) => h("div", { cls: "gauge" },
    h("div", {}, h("span", {}, it.name), h("span", {}, it.text)),
    h("div", { cls: "track", role: "img", "aria-label": `${Math.round(it.share * 100)} % used` },
      h("i", { cls: it.share >= 0.85 ? "danger" : it.share >= 0.6 ? "watch" : "", style: { width: `${it.share * 100}%` } })));

  const event = (it) => h("li", {}, h("time", { title: clock.full(it.at) }, clock.minute(it.at)),
    h("div", {}, h("b", { cls: it.tone === "plain" ? "" : it.tone }, it.title), it.why ? h("p", {}, it.why) : null));

  function side(doc) {
    fill("gauges", ...(doc.gauges.length ? [h("h2", {}, "Before trading stops"), ...doc.gauges.map(gauge)] : []));
    const pairs = doc.facts.flatMap((it) => [h("dt", {}, it.name), h("dd", { cls: it.level === "plain" ? "" : it.level }, it.text)]);
    fill("facts", ...(pairs.length ? [h("h2", {}, doc.kind === "live" ? "Link" : "In figures"), h("dl", {}, ...pairs)] : []));
    fill("tiles", ...doc.tiles.map((it) => h("div", { cls: "tile" }, h("span", {}, it.name), h("b", { cls: it.level === "danger" ? "loss" : it.level === "safe" ? "win" : "" }, it.text))));
  }

  let shownEvents = "";
  function events(doc) {
    const mark = JSON.stringify(doc.events);
    if (mark === shownEvents) return; // whoever reads an older line keeps their place
    shownEvents = mark;
    fill("events", ...(doc.events.length || doc.kind === "live" ? [h("h2", {}, "What happened"), doc.events.length ? h("ol", {}, ...doc.events.map(event)) : h("p", { cls: "empty" }, "Nothing yet.")] : []));
  }

  // A code may be broken behind its underscores.
  const broken = (text) => text.split(/(?<=_)/).flatMap((part, n) => (n ? [h("wbr"), part] : [part]));

  // ``right``: columns of figures; ``more``: columns that a phone leaves out.
  function table(title, columns, rows, { right = [], more = [], foot = null, note = "" } = {}) {
    const said = note ? h("p", { cls: "empty" }, note) : null;
    if (!rows.length) return card(title, said || h("p", { cls: "empty" }, "Nothing."));
    // A column of long texts stands on a line of its own where the screen is narrow; figures keep theirs.
    const isLong = columns.map((_, index) => rows.some((row) => typeof row[index] === "string" && row[index].length > 28));
    const name = (index) => [right.includes(index) ? "num" : "", more.includes(index) ? "more" : "", isLong[index] ? "words" : ""].join(" ").trim();
    const coded = (value) => (typeof value === "string" && value.includes("_") ? " code" : "");
    const cell = (tag, index, value) => h(tag, { cls: (name(index) + coded(value)).trim(), ...(tag === "th" ? { scope: "col" } : { "data-name": columns[index] }) }, ...(value instanceof Node ? [value] : broken(String(value))));
    const line = (tag, row) => h("tr", {}, ...row.map((value, index) => cell(tag, index, value)));
    return card(title, h("div", { cls: "scroll", tabindex: "0", role: "region", "aria-label": title }, h("table", { cls: isLong.includes(true) ? "long" : "" },
      h("thead", {}, line("th", columns)), h("tbody", {}, ...rows.map((row) => line("td", row))), foot ? h("tfoot", {}, line("td", foot)) : null)), said);
  }

  function trades(doc) {
    if (!doc.trades.length) return [];
    const many = new Set(doc.trades.map((it) => clock.day(it.opened_at))).size > 1;
    const when = (it) => (many ? `${clock.shortDay(it.opened_at)} ` : "") + `${clock.minute(it.opened_at)}–${it.closed_at ? clock.minute(it.closed_at) : ""}`;
    const rows = doc.trades.map((it) => [when(it), it.strategy, it.label, it.quantity, price(it.limit), price(it.entry), price(it.stop), price(it.target), price(it.exit), it.reason, plain(it.fees), known(it.result) ? amount(it.result) : "—"]);
    const closed = doc.trades.filter((it) => known(it.result));
    const total = (list, key) => Math.round(100 * list.reduce((sum, it) => sum + Number(it[key]), 0)) / 100;
    const foot = ["total", "", "", "", "", "", "", "", "", `${closed.length} closed`, plain(total(doc.trades, "fees")), amount(total(closed, "result"))];
    return [table("Trades", ["from–to", "who", "contract", "qty", "limit", "entry", "stop", "target", "exit", "by", "fees", "result"], rows,
      { right: [3, 4, 5, 6, 7, 8, 10, 11], more: [1, 3, 4, 5, 6, 7, 8, 10, ...(many ? [9] : [])], foot })];
  }

  const tables = (doc) => doc.tables.map((it) => table(it.title, it.columns, it.rows, { right: it.right, note: it.note, more: it.more }));

  function foot(doc) {
    const { build, started_at: since, journal } = doc.source;
    fill("foot",
      build ? h("span", {}, `build ${build}`) : null,
      since ? h("span", {}, `since ${clock.shortDay(since)}, ${clock.minute(since)}`) : null,
      journal ? h("span", {}, journal) : null,
      h("span", {}, "times are New York's"),
      doc.kind === "live" ? h("span", {}, "read-only; to act: ", h("code", {}, "ibkr-bot halt"), ", ", h("code", {}, "flatten")) : null,
      h("span", {}, "charts by ", h("a", { href: "https://www.tradingview.com/", rel: "noopener noreferrer" }, "TradingView")));
  }
  Object.assign(OwnersPage, { card, parts: { head, verdict, money, held, side, events, trades, tables, foot } });
})();
