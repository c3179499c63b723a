// npm run bench [NAME...] [-- --rounds N]: what Holdfast costs, always side by side with a peer in the same run, printed as a
// table. It is looked at by people, never a test: a busy machine must not fail a build. Figures: docs/reference/performance.md.

import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { agentBench } from './agent.ts';
import { drill } from './drill.ts';
import { gateBench } from './gate.ts';
import { manyServices } from './many-services.ts';
import { metricsBench } from './metrics.ts';
import { oneService } from './one-service.ts';
import { PATH, Scratch } from './scratch.ts';
import { recoverBench } from './recover.ts';
import { restoreServerBench } from './restore-server.ts';
import { scheduleBench } from './schedule.ts';
import { scrubBench } from './scrub.ts';
import { snapshotRunBench } from './snapshot-run.ts';
import { snapshotsBench } from './snapshots.ts';
import { startup } from './startup.ts';
import { type Bench, renderBench } from './table.ts';
import { unitsBench } from './units.ts';
import { verdictBench } from './verdict.ts';

type Run = (rounds: number | undefined) => Promise<string>;

const withScratch =
  (bench: (scratch: Scratch, rounds?: number) => Promise<string>): Run =>
  async (rounds) => {
    using scratch = await Scratch.make();
    return await bench(scratch, rounds);
  };

const inScratch = (bench: Bench): Run =>
  withScratch((scratch, rounds) => renderBench(bench, scratch, rounds ?? bench.rounds));

const BENCHES: Readonly<Record<string, Run>> = {
  one: inScratch(oneService),
  many: inScratch(manyServices),
  startup: inScratch(startup),
  drill: inScratch(drill),
  scrub: inScratch(scrubBench),
  gate: gateBench,
  verdict: verdictBench,
  metrics: inScratch(metricsBench),
  units: unitsBench,
  agent: agentBench,
  schedule: scheduleBench,
  snapshots: snapshotsBench,
  'snapshot-run': snapshotRunBench,
  recover: withScratch(recoverBench),
  'restore-server': withScratch(restoreServerBench),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' } },
});
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const unknown = names.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`no bench is called ${unknown}; there are: ${Object.keys(BENCHES).join(', ')}`);
  process.exit(64);
}

const restic = execFileSync('restic', ['version'], { encoding: 'utf8', env: { PATH } }).trim();
console.log(
  `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
);
console.log(`Node.js ${process.version}, ${restic}\n`);
for (const name of names) {
  const bench = BENCHES[name];
  if (bench) console.log(await bench(values.rounds === undefined ? undefined : Number(values.rounds)));
}
