// node draw.mjs DASHBOARD.json PROMETHEUS_URL HOST FROM TO OUT.png   (FROM, TO: Unix seconds)
// Needs `npm install --ignore-scripts --legacy-peer-deps` in this folder, and Chromium. Not part of the tests.
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [dashboard, prometheus, host, from, to, out] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
await build({
  entryPoints: [new URL('app.jsx', import.meta.url).pathname], bundle: true, outfile: join(folder, 'app.js'), format: 'esm',
  alias: { dashboard: resolve(dashboard) }, define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  loader: { '.svg': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl' }, logLevel: 'error',
  nodePaths: [process.env.NODE_PATH ?? 'node_modules'],
});
writeFileSync(join(folder, 'index.html'), '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="app.css"><div id="board"></div><script type="module" src="app.js"></script>');
const height = 38 * Math.max(...JSON.parse(readFileSync(dashboard)).panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + 10;
const server = createServer((request, response) => {
  const file = new URL(request.url, 'http://x').pathname.slice(1) || 'index.html';
  response.setHeader('Content-Type', { js: 'text/javascript', css: 'text/css' }[file.split('.').pop()] ?? 'text/html');
  try { response.end(readFileSync(join(folder, file))); } catch { response.writeHead(404).end(); }
}).listen(0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}/?${new URLSearchParams({ prometheus, host, from, to })}`;
  execFile('chromium', [
    '--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--window-size=1800,${height}`,
    '--virtual-time-budget=30000', `--screenshot=${resolve(out)}`, address,
  ], (error, _, said) => { server.close(); if (error) { console.error(said); process.exit(1); } });
});
