// `holdfast snapshot` and `holdfast import sanoid` as they are typed, over a zfs that keeps its snapshots in a file. On real OpenZFS:
// test/lab/snapshot-policy.test.ts.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { type Ended, type ScratchHost, scratchHost, type Section, stepOf } from '../support/cli.ts';

const ZFS = `cd "$(dirname "$0")/.." || exit 9
echo "$*" >>calls
touch snapshots
case "$1 $2" in
'snapshot -o')
  [ -e lie ] && exit 0
  mark=\${3#*=}; shift 3
  for name; do
    printf '%s\\tsnapshot\\t%s\\t9\\t%s\\t0\\t0\\t-\\t%s\\t-\\toff\\t-\\t-\\n' "$name" "$$" "$(date +%s)" "$mark" >>snapshots
  done ;;
'list -Hp')
  case "$4 $6" in
  filesystem*) cat datasets snapshots ;;
  'snapshot name') code=0; shift 8
    for name; do
      grep -qF "$name	" snapshots && echo "$name" && continue
      echo "cannot open '$name': dataset does not exist" >&2; code=1
    done
    exit $code ;;
  *) code=0; shift 8
    for name; do
      grep -F "$name	" snapshots && continue
      echo "cannot open '$name': dataset does not exist" >&2; code=1
    done
    exit $code ;;
  esac ;;
'program '*) echo 'Operation not permitted' >&2; exit 1 ;;
'destroy '*)
  for name in $(echo "\${2#*@}" | tr , ' '); do grep -vF "\${2%%@*}@$name	" snapshots >left; mv left snapshots; done ;;
esac`;

const HOURLY = { tank: { hourly: 1, recursive: true } };
const DATASET = '\tfilesystem\t1\t1\t1700000000\t0\t-\t-\t-\t-\toff\t-\t-\n';
const dataset = (name: string): string => `${name}${DATASET}`;

/** One of ours, of a time long ago. */
function old(name: string, day: string, { holds = 0, clones = '-' }: { holds?: number; clones?: string } = {}): string {
  const policy = `2020-01-${day}_08:00:00_hourly`;
  const creation = Date.UTC(2020, 0, Number(day)) / 1000;
  return `${name}@holdfast_${policy}\tsnapshot\t${day}\t${Number(day)}\t${creation}\t0\t${holds}\t-\t${policy}\t${clones}\toff\t-\t-\n`;
}

function hostWith(t: TestContext, zfs: Section, snapshots: readonly string[] = []): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.script('bin/zfs', ZFS);
  host.write('datasets', dataset('tank') + dataset('tank/a'));
  host.write('snapshots', snapshots.join(''));
  host.configure({ replication: { zfs } });
  return host;
}

const run = (host: ScratchHost, ...args: string[]): Promise<Ended> =>
  host.run(args, { env: { PATH: `${host.path('bin')}:${process.env['PATH'] ?? ''}` } });

async function reported(
  host: ScratchHost,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly report: Report }> {
  const { code, stdout } = await run(host, '--json', 'snapshot', ...args);
  return { code, report: JSON.parse(stdout) as Report }; // its shape has a test of its own
}
const calls = (host: ScratchHost): string[] => readFileSync(host.path('calls'), 'utf8').trim().split('\n');

test('taking is a listing, another under its lock, one call for all datasets of a pool, and a listing of what should be there', async (t) => {
  const host = hostWith(t, { datasets: HOURLY });
  const { code, report } = await reported(host, 'take');
  assert.equal(code, 0, JSON.stringify(report));
  assert.deepEqual(
    calls(host).map((call) => call.split(' ')[0]),
    ['list', 'list', 'snapshot', 'list'],
  );
  const { taken } = stepOf(report, 'snapshot-take:tank').result ?? {};
  assert.equal((taken as string[]).length, 2);
});

test('a zfs that does nothing and ends with 0 has taken nothing: that is a failure', async (t) => {
  const host = hostWith(t, { datasets: HOURLY });
  host.write('lie', '');
  const { code, report } = await reported(host, 'take');
  const { outcome, error } = stepOf(report, 'snapshot-take:tank');
  assert.deepEqual([code, outcome, error?.code], [2, 'failed', 'snapshot-missing']);
  assert.match(error?.message ?? '', /^2 of 2 snapshots are not there: tank@holdfast_.+although zfs reported no failure$/);
});

test('pruning tells beforehand what goes and what stays and why, and does just that', async (t) => {
  const host = hostWith(t, { datasets: HOURLY }, [
    old('tank/a', '01'),
    old('tank/a', '02', { holds: 1 }),
    old('tank/a', '03', { clones: 'tank/c' }),
    old('tank/a', '04'),
    'tank/a@by-hand\tsnapshot\t77\t5\t1700000000\t0\t0\t-\t-\t-\toff\t-\t-\n',
    old('tank/a', '06'),
  ]);
  const dry = await run(host, 'snapshot', 'prune', '--dry-run');
  assert.equal(
    dry.stdout,
    `tank/a: 3 of 5 stay
  holdfast_2020-01-01_08:00:00_hourly  goes: more than 1 hourly, older than 1h
  holdfast_2020-01-02_08:00:00_hourly  stays: held (zfs holds)
  holdfast_2020-01-03_08:00:00_hourly  stays: cloned
  holdfast_2020-01-04_08:00:00_hourly  goes: more than 1 hourly, older than 1h
2 of 5 snapshots of the policy would go. Nothing was changed.
`,
  );
  const { code, report } = await reported(host, 'prune');
  assert.equal(code, 0);
  assert.ok(calls(host).includes('destroy tank/a@holdfast_2020-01-01_08:00:00_hourly,holdfast_2020-01-04_08:00:00_hourly'));
  const { destroyed } = stepOf(report, 'snapshot-prune:tank').result ?? {};
  assert.equal((destroyed as string[]).length, 2);
  assert.match(readFileSync(host.path('snapshots'), 'utf8'), /by-hand/);
});

test('without a policy it says where to write one', async (t) => {
  const { code, stderr } = await run(hostWith(t, {}), 'snapshot', 'take');
  assert.equal(code, 64);
  assert.match(stderr, /no dataset has a snapshot policy[\s\S]*import sanoid/);
});

test('what a sanoid.conf says is printed as a section, and nothing is written', async (t) => {
  const host = hostWith(t, {});
  const file = host.write(
    'sanoid.conf',
    '[tank/a]\nuse_template=x\nrecursive=yes\n[template_x]\nhourly=3\ndaily=0\nmonthly=0\nprune_defer=60\n',
  );
  const { code, stdout } = await run(host, 'import', 'sanoid', file);
  assert.equal(code, 0);
  assert.match(stdout, /^# - tank\/a: prune_defer has no equivalent/m);
  assert.match(stdout, /^ {6}tank\/a:\n {8}template: x\n {8}recursive: true$/m);
  const missing = await run(host, 'import', 'sanoid', '/nowhere/sanoid.conf');
  assert.equal(missing.code, 64);
  assert.match(missing.stderr, /there is no \/nowhere\/sanoid.conf/);
});

test('a dry run that knows of a dataset that is missing ends as the run would', async (t) => {
  const host = hostWith(t, { datasets: { ...HOURLY, 'shelf/gone': { hourly: 1 } } });
  for (const verb of ['take', 'prune']) {
    const dry = await run(host, 'snapshot', verb, '--dry-run');
    assert.equal(dry.code, 1, dry.stdout + dry.stderr);
    assert.match(dry.stdout, /✗ shelf\/gone has a snapshot policy and does not exist/);
    assert.equal((await run(host, 'snapshot', verb)).code, 1);
  }
});
