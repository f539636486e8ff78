"use strict";
// Elements from data. Text only ever enters as text, never as markup, so nothing that a broker or a person said can run here.
const OwnersPage = {};
(() => {
  const h = (tag, options = {}, ...children) => {
    const element = document.createElement(tag);
    const { cls, style, ...rest } = options;
    if (cls) element.className = cls;
    for (const [name, value] of Object.entries(style || {})) element.style.setProperty(name, value);
    for (const [name, value] of Object.entries(rest)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const byId = (id) => document.getElementById(id);
  const fill = (id, ...children) => {
    const place = byId(id);
    place.replaceChildren(...children.filter(Boolean));
    place.hidden = place.childElementCount === 0;
    return place;
  };

  // Figures: money comes as text with its decimals and leaves with the same two.
  const known = (value) => value !== null && value !== undefined;
  const plain = (value, digits = 2) =>
    known(value)
      ? Number(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−")
      : "unknown";
  const signed = (value) => (known(value) ? (Number(value) > 0 ? "+" : "") + plain(value) : "unknown");
  const tone = (value) => (!known(value) || Number(value) === 0 ? "" : Number(value) > 0 ? "win" : "loss");
  const price = (value) => {
    if (!known(value)) return "—";
    const text = String(value).replace(/(\.\d\d\d*?)0+$/, "$1");
    return /\./.test(text) ? text.replace(/\.(\d)$/, ".$10") : `${text}.00`;
  };

  // One clock: New York's, whatever the zone of who is looking.
  const zone = "America/New_York";
  const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
  const minute = format({ hour: "2-digit", minute: "2-digit" });
  const second = format({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const dayName = format({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
  const shortDay = format({ day: "numeric", month: "short" });
  const month = format({ month: "short", year: "numeric" });
  const date = (value) => (typeof value === "number" ? new Date(value * 1000) : new Date(value));
  const clock = {
    minute: (value) => (known(value) ? minute.format(date(value)) : "—"),
    second: (value) => (known(value) ? second.format(date(value)) : "—"),
    day: (value) => (known(value) ? dayName.format(date(value)) : ""),
    shortDay: (value) => (known(value) ? shortDay.format(date(value)) : ""),
    month: (value) => (known(value) ? month.format(date(value)) : ""),
    full: (value) => (known(value) ? `${clock.day(value)}, ${clock.second(value)} New York` : "no time yet"),
  };
  Object.assign(OwnersPage, { h, byId, fill, known, plain, signed, tone, price, clock });
})();
