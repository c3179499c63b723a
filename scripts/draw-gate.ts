// Draws docs/gate.svg: a real gate over the 15 backups of docs/forge.yaml, as its terminal showed it, in the middle and at the end.
// The units are stand-ins that sleep, one fails and one takes too long; systemd, the gate and every word of it are real.
//   node scripts/draw-gate.ts     (as root: it runs in a container of the lab)

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { openLab } from '../lab/lab.ts';
import { install } from '../test/lab/support/gate-units.ts';
import { FORGE, FORGE_GATE } from '../test/lab/support/forge-units.ts';

const COLUMNS = 84;
const ROWS = 60;
/** What is said of a unit at work; the first picture is taken when most of that has been said. */
const MOMENT = ' of about ';

await using lab = await openLab();
const host = await lab.container({ name: 'forge' });
/** As long as it takes to watch. */
const slower = ({ script = ':', ...unit }: (typeof FORGE)[number]): (typeof FORGE)[number] => ({
  ...unit,
  script: script.replace('sleep 0.', 'sleep 2.'),
});
await install(host, FORGE.map(slower));
await host.write(
  '/etc/holdfast/holdfast.yaml',
  JSON.stringify({ version: 1, host: 'forge', gate: { default: FORGE_GATE } }),
);
await host.sh('holdfast gate --quiet'); // so that it is known how long each takes
await host.sh(
  'mkdir -p /run/broken /run/hangs; touch /run/broken/syncoid-tank-services-prowlarr.service /run/hangs/restic-backup-lidarr.service',
);
const { stdout } = await host.sh(
  `stty cols ${COLUMNS} rows ${ROWS} 2>/dev/null; script --quiet --return --log-out /run/typescript --command "stty cols ${COLUMNS} rows ${ROWS}; holdfast gate" >/dev/null; base64 -w0 /run/typescript`,
  [],
  { anyExit: true, env: { TERM: 'xterm-256color' } },
);
const recorded = Buffer.from(stdout, 'base64')
  .toString('utf8')
  .replace(/^Script started.*\n/, '')
  .replace(/\nScript done[\s\S]*$/, '');

interface Cell {
  readonly text: string;
  readonly style: string;
}

/** What a terminal shows after these bytes: lines of runs of one style. */
async function screen(text: string): Promise<Cell[][]> {
  const terminal = new xterm.Terminal({
    cols: COLUMNS,
    rows: ROWS,
    scrollback: 1000,
    allowProposedApi: true,
    convertEol: true,
  });
  await new Promise<void>((written) => terminal.write(text, written));
  const { active } = terminal.buffer;
  return Array.from({ length: active.length }, (_, row) => {
    const line = active.getLine(row);
    const runs: { text: string; style: string }[] = [];
    for (let column = 0; column < COLUMNS; column += 1) {
      const cell = line?.getCell(column);
      if (!cell || cell.getWidth() === 0) continue;
      const color = cell.isFgPalette() ? (COLORS[cell.getFgColor()] ?? '') : '';
      const style = [color, cell.isBold() ? 'b' : '', cell.isDim() ? 'd' : ''].filter(Boolean).join(' ');
      const last = runs.at(-1);
      const chars = cell.getChars() || ' ';
      if (last?.style === style) last.text += chars;
      else runs.push({ text: chars, style });
    }
    const last = runs.at(-1);
    if (last) last.text = last.text.trimEnd();
    return runs;
  });
}

/** Classes of the picture by the terminal's own colours. */
const COLORS: Readonly<Record<number, string>> = {
  1: 'red',
  2: 'green',
  3: 'yellow',
  8: 'd',
  9: 'red',
  10: 'green',
  11: 'yellow',
};

const isBlank = (line: readonly Cell[]): boolean => line.every(({ text }) => text.trim() === '');
function trimmed(lines: readonly Cell[][]): Cell[][] {
  const first = lines.findIndex((line) => !isBlank(line));
  const last = lines.findLastIndex((line) => !isBlank(line));
  return lines.slice(Math.max(0, first), last + 1);
}

const moments = [...recorded.matchAll(new RegExp(MOMENT, 'g'))].map(({ index }) => index);
// a frame ends where the cursor is sent back up
const moment = recorded.indexOf('\u001b[1A', recorded.indexOf('\n', moments[Math.floor(moments.length * 0.75)]));
const frames = [await screen(recorded.slice(0, moment)), await screen(recorded)].map(trimmed);

const [WIDTH, LINE, PAD] = [COLUMNS * 7.8 + 32, 17, 16]; // pixels
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const PROMPT: Cell[] = [{ text: '$ holdfast gate', style: 'b' }];
let y = 0;
const panels = frames.map((lines) => {
  const all = [PROMPT, ...lines];
  const height = all.length * LINE + 2 * PAD;
  const rows = all.map((line, index) => {
    const spans = line
      .map(({ text, style }) => `<tspan${style ? ` class="${style}"` : ''}>${escaped(text)}</tspan>`)
      .join('');
    return `<text x="16" y="${y + PAD + (index + 0.75) * LINE}" xml:space="preserve">${spans.trimEnd()}</text>`;
  });
  const panel = `<rect class="screen" x="0.5" y="${y + 0.5}" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>\n${rows.join('\n')}`;
  y += height + PAD;
  return panel;
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y - PAD}" viewBox="0 0 ${WIDTH} ${y - PAD}" role="img" aria-label="holdfast gate in a terminal">
<style>
.screen { fill: #fff; stroke: #d0d7de } text { font: 13px ui-monospace, 'DejaVu Sans Mono', monospace; fill: #1f2328 }
.red { fill: #b3261e } .green { fill: #1a7f37 } .yellow { fill: #8a6100 } .d { opacity: .62 } .b { font-weight: 600 }
@media (prefers-color-scheme: dark) { .screen { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 }
.red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 } }
</style>
${panels.join('\n')}
</svg>
`;
writeFileSync(join(import.meta.dirname, '..', 'docs', 'gate.svg'), svg);
console.log('docs/gate.svg is drawn');
