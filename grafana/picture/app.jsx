// Our dashboard JSON, drawn by Grafana's own components (BigValue, BarGauge, TimeSeries, VizLegend, PanelChrome) from a real
// Prometheus. It is not Grafana: the grid, tables and the state timeline are drawn here.
import React from 'react';
import { createRoot } from 'react-dom/client';
import {
  createTheme, toDataFrame, FieldType, applyFieldOverrides, getFieldDisplayValues, standardTransformersRegistry,
  standardFieldConfigEditorRegistry, getDisplayProcessor, ThemeContext, identityOverrideProcessor,
  getFieldSeriesColor,
} from '@grafana/data';
import {
  BigValue, BigValueColorMode, BigValueGraphMode, BigValueTextMode, BarGauge, TimeSeries, PanelChrome,
  VizLegend, GlobalStyles,
} from '@grafana/ui';
import 'uplot/dist/uPlot.min.css';
import dashboard from 'dashboard';

const asked = new URLSearchParams(location.search);
const prometheus = asked.get('prometheus'), host = asked.get('host');
const from = Number(asked.get('from')), to = Number(asked.get('to'));
const theme = createTheme({ colors: { mode: 'dark' } });
const timeRange = { from: dateOf(from), to: dateOf(to), raw: { from: dateOf(from), to: dateOf(to) } };
const WIDTH = 1800, CELL_H = 38, GAP = 8;
// Grafana's own list of options lives in its application, not in its libraries; these are the ones our panels set.
const OPTIONS = ['unit', 'decimals', 'min', 'max', 'noValue', 'color', 'thresholds', 'mappings', 'displayName'];
standardFieldConfigEditorRegistry.setInit(() => OPTIONS.map((id) => ({
  id, path: id, name: id, shouldApply: () => true, process: identityOverrideProcessor, editor: () => null, override: () => null,
})));
standardTransformersRegistry.setInit(() => []);

function dateOf(seconds) {
  const ms = seconds * 1000;
  return { valueOf: () => ms, toDate: () => new Date(ms), isValid: () => true };
}

function named(legend, metric) {
  if (legend) { return legend.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? ''); }
  return Object.entries(metric).map(([k, v]) => `${k}="${v}"`).join(', ') || 'value';
}

async function ask(target) {
  const expr = target.expr.replaceAll('$host', host).replaceAll('$__rate_interval', '1m');
  const path = target.instant ? 'query' : 'query_range';
  const times = target.instant ? { time: to } : { start: from, end: to, step: 1 };
  const answer = await fetch(`${prometheus}/api/v1/${path}?${new URLSearchParams({ query: expr, ...times })}`);
  return (await answer.json()).data.result;
}

function frames(target, result, panel) {
  if (panel.type === 'table') {
    const labels = [...new Set(result.flatMap((one) => Object.keys(one.metric)))];
    const column = (name) => ({ name, type: FieldType.string, config: {}, values: result.map((one) => one.metric[name] ?? '') });
    return [toDataFrame({ refId: target.refId, fields: labels.map(column) })];
  }
  return result.map((one) => {
    const points = one.values ?? [one.value];
    const name = named(target.legendFormat, one.metric);
    return toDataFrame({
      refId: target.refId, name,
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: 1000 }, values: points.map(([at]) => at * 1000) },
        { name: 'Value', type: FieldType.number, labels: one.metric, config: { displayNameFromDS: name },
          values: points.map(([, value]) => (value === 'NaN' ? null : Number(value))) },
      ],
    });
  });
}

async function load(panel) {
  const data = [];
  for (const target of panel.targets) { data.push(...frames(target, await ask(target), panel)); }
  return applyFieldOverrides({
    data, fieldConfig: panel.fieldConfig, replaceVariables: (text) => text, theme, timeZone: 'UTC',
  });
}

const align = (series) => {
  // TimeSeries wants one frame; the points of one scrape share their times, so a join by time is a lookup.
  const times = [...new Set(series.flatMap((one) => one.fields[0].values))].sort((a, b) => a - b);
  const fields = series.map((one, seriesIndex) => {
    const at = new Map(one.fields[0].values.map((time, n) => [time, one.fields[1].values[n]]));
    return { ...one.fields[1], values: times.map((time) => at.get(time) ?? null), state: { seriesIndex } };
  });
  return [{ ...series[0], length: times.length, fields: [{ ...series[0].fields[0], values: times }, ...fields] }];
};

function Nothing({ panel }) {
  return <div style={{ padding: 12, color: theme.colors.text.secondary, fontSize: 18 }}>{panel.fieldConfig.defaults.noValue}</div>;
}

function Viz({ panel, data, width, height }) {
  if (data.every((frame) => frame.length === 0)) { return <Nothing panel={panel} />; }
  if (panel.type === 'table') { return <Rows panel={panel} data={data} width={width} height={height} />; }
  if (panel.type === 'timeseries') { return <Curves data={data} width={width} height={height} />; }
  if (panel.type === 'state-timeline') { return <States data={data} width={width} height={height} />; }
  const values = getFieldDisplayValues({
    data, reduceOptions: panel.options.reduceOptions, fieldConfig: panel.fieldConfig, theme, replaceVariables: (text) => text,
    sparkline: panel.options.graphMode === 'area', timeZone: 'UTC',
  });
  const many = values.length > 1;
  if (panel.type === 'bargauge') {
    const each = height / values.length;
    return values.map((one, n) => (
      <BarGauge key={n} value={one.display} field={one.field} theme={theme} width={width} height={each - 6} orientation="horizontal"
        displayMode="basic" itemSpacing={4} lcdCellWidth={8} alignmentFactors={{ text: '0'.repeat(6), title: longest(values) }} />
    ));
  }
  return (
    <div style={{ display: 'flex', flexDirection: 'row', gap: 4 }}>
      {values.map((one, n) => (
        <BigValue key={n} value={one.display} sparkline={one.sparkline} theme={theme} width={width / values.length - 4} height={height}
          colorMode={panel.options.colorMode} graphMode={one.sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None}
          textMode={many ? BigValueTextMode.ValueAndName : BigValueTextMode.Value} />
      ))}
    </div>
  );
}

const longest = (values) => values.map((one) => one.display.title ?? '').sort((a, b) => b.length - a.length)[0];

function Curves({ data, width, height }) {
  const frame = align(data);
  const items = frame[0].fields.slice(1).map((field) => ({
    label: field.config.displayNameFromDS, yAxis: 1,
    color: getFieldSeriesColor(field, theme).color,
  }));
  return (
    <div>
      <TimeSeries frames={frame} structureRev={1} width={width} height={height - 26} timeRange={timeRange} timeZone="UTC"
        legend={{ showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] }} options={{}} />
      <div style={{ height: 26, overflow: 'hidden' }}><VizLegend items={items} displayMode="list" placement="bottom" /></div>
    </div>
  );
}

function States({ data, width, height }) {
  const field = data[0].fields[1], times = data[0].fields[0].values, display = getDisplayProcessor({ field, theme });
  const x = (at) => ((at / 1000 - from) / (to - from)) * width;
  const runs = times.map((at, n) => ({ at, shown: display(field.values[n]) }))
    .filter((one, n, all) => n === 0 || one.shown.text !== all[n - 1].shown.text);
  const end = times[times.length - 1];
  return (
    <svg width={width} height={height - 20}>
      {runs.map((run, n) => {
        const left = x(run.at), right = x(runs[n + 1]?.at ?? end);
        return (
          <g key={n}>
            <rect x={left} width={right - left} y={8} height={height - 40} fill={run.shown.color} />
            {right - left > 60 && <text x={left + 8} y={height / 2} fill="#111" fontSize={14}>{run.shown.text}</text>}
          </g>
        );
      })}
    </svg>
  );
}

function Rows({ panel, data }) {
  const columns = Object.entries(panel.transformations[1].options.indexByName).sort((a, b) => a[1] - b[1]).map(([name]) => name);
  const names = panel.transformations[1].options.renameByName;
  const fields = columns.map((name) => data[0].fields.find((field) => field.name === name)).filter(Boolean);
  const cell = { padding: '6px 12px', textAlign: 'left', borderBottom: `1px solid ${theme.colors.border.weak}` };
  return (
    <table style={{ width: '100%' }}>
      <thead><tr>{fields.map((field) => <th key={field.name} style={cell}>{names[field.name] ?? field.name}</th>)}</tr></thead>
      <tbody>{data[0].fields[0].values.map((_, n) => (
        <tr key={n}>{fields.map((field) => <td key={field.name} style={cell}>{field.values[n]}</td>)}</tr>
      ))}</tbody>
    </table>
  );
}

function place({ x, y, w, h }) {
  const cell = WIDTH / 24;
  return { left: x * cell + GAP / 2, top: y * CELL_H, width: w * cell - GAP, height: h * CELL_H - GAP };
}

function Board({ loaded }) {
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      {dashboard.panels.map((panel) => {
        const { left, top, width, height } = place(panel.gridPos);
        const style = { position: 'absolute', left, top, width, height };
        if (panel.type === 'row') { return <div key={panel.id} style={{ ...style, fontSize: 18, lineHeight: `${height}px` }}>{panel.title}</div>; }
        return (
          <div key={panel.id} style={style}>
            <PanelChrome title={panel.title} width={width} height={height}>
              {(innerWidth, innerHeight) => <Viz panel={panel} data={loaded.get(panel.id)} width={innerWidth} height={innerHeight} />}
            </PanelChrome>
          </div>
        );
      })}
    </ThemeContext.Provider>
  );
}

const loaded = new Map();
for (const panel of dashboard.panels.filter((one) => one.type !== 'row')) { loaded.set(panel.id, await load(panel)); }
document.body.style.cssText = `margin:0;background:${theme.colors.background.canvas};color:${theme.colors.text.primary};font-family:Inter,Roboto,sans-serif`;
createRoot(document.getElementById('board')).render(<Board loaded={loaded} />);
setTimeout(() => { document.title = 'drawn'; }, 1500);
