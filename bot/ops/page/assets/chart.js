"use strict";
// The day's candles with the trades drawn in, and lines over time. Below the candles each trade has its own picture: what was
// paid is 0 %, the stop and the target are where they were set, and the option's bid runs between them.
(() => {
  const { clock, h, known, plain, signed } = OwnersPage;
  const L = LightweightCharts;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const faded = (hex, share) => `${hex}${Math.round(share * 255).toString(16).padStart(2, "0")}`;

  // Kinds of marks of the library: 0 a year, 1 a month, 2 a day, more: a time within one.
  const tick = (spansDays) => (at, kind) => (!spansDays || kind > 2 ? clock.minute(at) : kind === 0 ? clock.month(at) : clock.shortDay(at));

  const options = (spansDays) => ({
    autoSize: true,
    layout: {
      background: { color: "transparent" }, textColor: colour("dim"), attributionLogo: false,
      fontFamily: "system-ui, sans-serif", fontSize: 11,
      panes: { separatorColor: colour("line"), separatorHoverColor: colour("line"), enableResize: false },
    },
    grid: { vertLines: { color: colour("line") }, horzLines: { color: colour("line") } },
    rightPriceScale: { borderVisible: false, entireTextOnly: true },
    timeScale: {
      borderVisible: false, timeVisible: !spansDays, secondsVisible: false, rightOffset: 2, minBarSpacing: 0.4,
      fixLeftEdge: true, fixRightEdge: false,
      tickMarkFormatter: tick(spansDays),
    },
    localization: { locale: "en-US", timeFormatter: (at) => (spansDays ? clock.day(at) : `${clock.minute(at)} New York`) },
    crosshair: { mode: L.CrosshairMode.Normal },
    // A finger that scrolls the page must not be caught by the chart.
    handleScroll: { vertTouchDrag: false, mouseWheel: false }, handleScale: { mouseWheel: false, pinch: true },
  });

  // A primitive of the library: something drawn on the chart's own canvas, in its own coordinates.
  const painter = (paint, zOrder) => {
    let attached = null;
    const view = {
      zOrder: () => zOrder,
      renderer: () => ({
        draw: (target) => target.useMediaCoordinateSpace((space) => attached && paint(space.context, space.mediaSize, attached)),
      }),
    };
    return {
      attached: (parts) => { attached = parts; },
      detached: () => { attached = null; },
      updateAllViews: () => {},
      paneViews: () => [view],
      redraw: () => attached && attached.requestUpdate(),
    };
  };

  const minuteOf = (at) => Math.floor(Date.parse(at) / 60000) * 60;
  const toneOf = (trade) => (!known(trade.result) ? "acc" : Number(trade.result) >= 0 ? "up-fill" : "dn-fill");

  // ── candles ──
  class DayChart {
    constructor(place) {
      this.place = place;
      this.trades = [];
      this.bars = [];
      this.chart = L.createChart(place, options(false));
      this.candles = this.chart.addSeries(L.CandlestickSeries, {
        upColor: colour("up-fill"), downColor: colour("dn-fill"), borderVisible: false,
        wickUpColor: colour("up-fill"), wickDownColor: colour("dn-fill"), priceLineColor: colour("acc"),
      });
      this.volume = this.chart.addSeries(L.HistogramSeries, {
        priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
      });
      this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.86, bottom: 0 } });
      this.candles.priceScale().applyOptions({ scaleMargins: { top: 0.18, bottom: 0.16 } });
      this.shades = painter((context, size) => this.shade(context, size), "bottom");
      this.paths = painter((context, size) => this.connect(context, size), "top");
      this.candles.attachPrimitive(this.shades);
      this.candles.attachPrimitive(this.paths);
      this.percent = this.chart.addSeries(L.LineSeries, {
        lineVisible: false, crosshairMarkerVisible: false, lastValueVisible: false, priceLineVisible: false,
        priceFormat: { type: "custom", formatter: (value) => `${value > 0 ? "+" : ""}${value.toFixed(0)} %`, minMove: 1 },
        autoscaleInfoProvider: () => ({ priceRange: this.range() }),
      }, 1);
      this.lanes = painter((context, size) => this.lane(context, size), "top");
      this.percent.attachPrimitive(this.lanes);
      this.chart.timeScale().subscribeSizeChange(() => {
        this.width = null; // the room became known, or another
        if (this.last) this.show(...this.last);
      });
      this.chart.panes()[0].setStretchFactor(3);
      this.chart.panes()[1].setStretchFactor(1);
    }

    show(chart, trades) {
      this.last = [chart, trades];
      const step = chart.bar_minutes > 1 ? chart.bar_minutes : stepOf(chart.bars.length, this.place.clientWidth);
      const bars = chart.bar_minutes > 1 ? chart.bars : together(chart.bars, step);
      this.name(bars.length > 1 && bars[bars.length - 1][0] - bars[0][0] > 86400);
      const sameDay = this.symbol === chart.symbol && this.step === step && this.bars.length && bars.length && this.bars[0][0] === bars[0][0];
      const isNewer = sameDay && bars.length >= this.bars.length;
      const before = this.bars.length;
      Object.assign(this, { trades: trades.filter((trade) => trade.symbol === chart.symbol), bars, step, symbol: chart.symbol });
      if (isNewer) {
        for (const bar of bars.slice(Math.max(0, before - 1))) this.add(bar);
      } else {
        this.candles.setData(bars.map(candle));
        this.volume.setData(bars.map(volume));
        this.percent.setData(bars.map(([time]) => ({ time, value: 0 })));
      }
      if (!isNewer || bars.length !== before || this.width !== this.place.clientWidth) this.fit(chart);
      this.redraw();
    }

    // Over several days the axis names days, within one its minutes.
    name(spansDays) {
      if (this.spansDays === spansDays) return;
      this.spansDays = spansDays;
      this.chart.applyOptions({
        timeScale: { tickMarkFormatter: tick(spansDays) },
        localization: { timeFormatter: (at) => `${spansDays ? `${clock.day(at)}, ` : ""}${clock.minute(at)} New York` },
      });
    }

    add(bar) {
      this.candles.update(candle(bar));
      this.volume.update(volume(bar));
      this.percent.update({ time: bar[0], value: 0 });
    }

    // While the day is young the candles keep a width that can be seen; the whole session fits once it is there.
    fit(chart) {
      this.width = this.place.clientWidth;
      const whole = chart.session ? (chart.session[1] - chart.session[0]) / 60 / this.step : this.bars.length;
      const shown = Math.min(whole, Math.max(this.width / 7, this.bars.length + 4));
      this.chart.timeScale().setVisibleLogicalRange({ from: -1, to: shown });
    }

    redraw() {
      this.shades.redraw();
      this.lanes.redraw();
    }

    x(at) {
      const scale = this.chart.timeScale(), time = minuteOf(at);
      if (!this.bars.length) return null;
      const index = this.nearest(time);
      const found = scale.timeToCoordinate(this.bars[index][0]);
      const beyond = (time - this.bars[index][0]) / 60 / this.step;
      // After the last bar that closed: as many places further on.
      return index === this.bars.length - 1 && beyond >= 1 ? scale.logicalToCoordinate(index + beyond) : found;
    }

    nearest(time) {
      let index = 0;
      while (index < this.bars.length - 1 && this.bars[index + 1][0] <= time) index += 1;
      return index;
    }

    priceAt(at) {
      return this.bars.length ? this.bars[this.nearest(minuteOf(at))][4] : null;
    }

    end(trade) {
      const last = this.bars[this.bars.length - 1];
      return trade.closed_at || new Date((last ? last[0] : 0) * 1000).toISOString();
    }

    // More trades than a place has room for are points alone: bands, lines and names would cover the candles and each other.
    areMany() {
      return this.trades.length > this.place.clientWidth / 6;
    }

    shade(context, size) {
      if (this.areMany()) return;
      for (const trade of this.trades) {
        const from = this.x(trade.opened_at), to = this.x(this.end(trade));
        if (from === null || to === null) continue;
        const shade = colour(toneOf(trade));
        context.fillStyle = faded(shade, 0.1);
        context.fillRect(from, 0, Math.max(3, to - from), size.height);
      }
    }

    connect(context, size) {
      const label = [], areMany = this.areMany();
      for (const trade of this.trades) {
        const from = this.x(trade.opened_at), to = this.x(this.end(trade));
        const start = this.priceAt(trade.opened_at), end = this.priceAt(this.end(trade));
        if (from === null || to === null || start === null) continue;
        const y0 = this.candles.priceToCoordinate(start), y1 = this.candles.priceToCoordinate(end);
        const shade = colour(toneOf(trade));
        if (areMany) {
          dot(context, from, y0, shade, shade, 1);
          continue;
        }
        context.strokeStyle = shade;
        context.lineWidth = 1.6;
        context.setLineDash([4, 3]);
        context.beginPath(); context.moveTo(from, y0); context.lineTo(to, y1); context.stroke();
        context.setLineDash([]);
        dot(context, from, y0, shade, colour("card"));
        if (trade.closed_at) dot(context, to, y1, shade, shade);
        label.push([from, `${trade.right === "P" ? "put" : "call"} ${known(trade.result) ? signed(trade.result) : "open"}`, shade]);
      }
      tags(context, label, size.width);
    }

    // ── each trade in per cent of what was paid ──
    range() {
      const values = [0, 10, -10];
      for (const trade of this.trades) {
        values.push(of(trade, trade.stop), of(trade, trade.target));
        if (known(trade.exit)) values.push(of(trade, trade.exit));
        for (const [, bid] of trade.path) values.push(of(trade, bid));
      }
      return { minValue: Math.max(-105, Math.min(...values)) - 6, maxValue: Math.min(200, Math.max(...values)) + 6 };
    }

    lane(context) {
      const y = (value) => this.percent.priceToCoordinate(value);
      const line = (x0, x1, value, shade, dash = []) => {
        context.strokeStyle = shade; context.lineWidth = 1.5; context.setLineDash(dash);
        context.beginPath(); context.moveTo(x0, y(value)); context.lineTo(x1, y(value)); context.stroke();
        context.setLineDash([]);
      };
      for (const trade of this.trades) {
        const from = this.x(trade.opened_at), until = this.x(this.end(trade));
        if (from === null || until === null || y(0) === null) continue;
        const to = Math.max(from + 3, until);
        const shade = colour(toneOf(trade));
        if (this.areMany()) {
          if (known(trade.exit)) dot(context, from, y(of(trade, trade.exit)), shade, shade, 1);
          continue;
        }
        line(from, to, 0, colour("dim"), [2, 2]);
        line(from, to, of(trade, trade.stop), colour("dn-fill"));
        line(from, to, of(trade, trade.target), colour("up-fill"));
        context.strokeStyle = shade; context.lineWidth = 1.6;
        context.beginPath(); context.moveTo(from, y(0));
        for (const [time, bid] of trade.path) {
          const x = this.x(new Date(time * 1000).toISOString());
          if (x !== null && x > from && x < to) context.lineTo(x, y(of(trade, bid)));
        }
        if (known(trade.exit)) context.lineTo(to, y(of(trade, trade.exit)));
        context.stroke();
        if (known(trade.exit)) dot(context, to, y(of(trade, trade.exit)), shade, shade, 3.2);
      }
    }
  }

  // As many minutes in a candle as leave it a width that can be seen.
  const stepOf = (count, width) => [1, 2, 3, 5, 10, 15].find((step) => count / step <= Math.max(60, width / 5)) || 30;
  const together = (bars, step) => {
    if (step === 1) return bars;
    const groups = new Map();
    for (const [time, open, high, low, close, amount] of bars) {
      const start = bars[0][0] + Math.floor((time - bars[0][0]) / (60 * step)) * 60 * step;
      const known = groups.get(start);
      groups.set(start, known ? [start, known[1], Math.max(known[2], high), Math.min(known[3], low), close, known[5] + amount] : [start, open, high, low, close, amount]);
    }
    return [...groups.values()];
  };

  const of = (trade, value) => (Number(value) / Number(trade.entry) - 1) * 100;
  const candle = ([time, open, high, low, close]) => ({ time, open, high, low, close });
  const volume = ([time, open, , , close, value]) => ({ time, value, color: faded(colour(close >= open ? "up-fill" : "dn-fill"), 0.3) });
  const dot = (context, x, y, stroke, fill, radius = 4) => {
    context.beginPath(); context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill; context.fill();
    context.strokeStyle = stroke; context.lineWidth = 2; context.stroke();
  };
  // Names stand in rows at the top, whole and within the picture; one that would cover its neighbour goes a row lower, and one that
  // has no row is left to the table.
  const tags = (context, labels, width) => {
    context.font = "600 11px system-ui, sans-serif";
    context.textAlign = "left";
    const ends = [];
    for (const [x, text, shade] of labels.sort((a, b) => a[0] - b[0])) {
      const long = context.measureText(text).width, left = Math.max(0, Math.min(x + 2, width - long - 2));
      let row = ends.findIndex((end) => end < left);
      if (row < 0) row = ends.length;
      if (row > 2) continue;
      context.fillStyle = shade;
      context.fillText(text, left, 12 + row * 13);
      ends[row] = left + 4 + long;
    }
  };

  // ── lines over time ──
  class LineChart {
    constructor(place, points) {
      // A point a day has its day's name even where there are only two or three.
      const span = points.length > 1 ? points[points.length - 1][0] - points[0][0] : 0;
      const days = span > 86400 * 2 || span / (points.length - 1) > 86400 / 2;
      this.chart = L.createChart(place, options(days));
      this.series = this.chart.addSeries(L.AreaSeries, {
        lineColor: colour("acc"), topColor: faded(colour("acc"), 0.22), bottomColor: faded(colour("acc"), 0.02), lineWidth: 2,
        priceLineVisible: false, lastPriceAnimation: L.LastPriceAnimationMode.Disabled, priceFormat: { type: "custom", formatter: (value) => plain(value, value > 1000 ? 0 : 2), minMove: 0.01 },
        autoscaleInfoProvider: (usual) => this.room(usual()),
      });
    }

    // Of what hardly moves a scale would repeat one figure: it has a hundredth of the value to each side, at least.
    room(found) {
      if (!found || !found.priceRange) return found;
      const { minValue: low, maxValue: high } = found.priceRange, least = Math.max(1, Math.abs(high) / 100);
      return high - low >= least / 10 ? found : { ...found, priceRange: { minValue: low - least, maxValue: high + least } };
    }

    show(points) {
      this.series.setData(points.map(([time, value]) => ({ time, value })));
      this.chart.timeScale().fitContent();
      if (!this.isFollowing) this.chart.timeScale().subscribeSizeChange(() => this.chart.timeScale().fitContent());
      this.isFollowing = true;
    }
  }

  const legend = () => h("p", { cls: "legend" },
    h("span", {}, h("i", { cls: "target" }), "target"),
    h("span", {}, h("i", { cls: "stop" }), "stop"),
    h("span", {}, h("i", { cls: "paid" }), "price paid"),
    h("span", {}, "lower part: the option, in per cent of what was paid"));
  Object.assign(OwnersPage, { DayChart, LineChart, legend });
})();
