// Hundreds of damaged files in small repositories, always the same ones: each is found by the next full verification, and no
// repository that has one passes for whole.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import type { Verification } from '../../src/domain/verification.ts';
import { scratchHost } from '../support/cli.ts';
import { type DamageKind, DAMAGES, itemsOf, pathOf, randomFrom } from '../support/damage.ts';

const REPOSITORIES = ['one', 'two', 'three'];
const SERVICES = 6;
const ROUNDS = 6;
const AT_ONCE = 12;

const ANY: readonly DamageKind[] = ['flip', 'cut', 'swell', 'empty', 'delete'];
const CHANGES: readonly DamageKind[] = ['flip', 'cut', 'swell', 'empty'];
/** What may be damaged together so that restic still comes to look for all of it. */
const MIXES: readonly Readonly<Record<string, readonly DamageKind[]>>[] = [
  { data: ANY, snapshots: ANY },
  { data: CHANGES, index: ['delete'] }, // what no readable snapshot refers to is not missed
  { data: CHANGES, snapshots: ANY, index: CHANGES },
  { data: CHANGES, index: CHANGES, keys: ANY },
  { data: CHANGES, snapshots: ANY, config: ['empty', 'delete'] },
];

interface Harm {
  readonly item: string;
  readonly kind: DamageKind;
}

const random = randomFrom(20_260_301);
const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value; // none is empty

/** Harms up to AT_ONCE files of one repository. */
function harm(directory: string): Harm[] {
  const mix = pick(MIXES);
  const files = Object.keys(mix).flatMap((kind) => itemsOf(directory, kind));
  const chosen = files
    .map((item) => ({ item, rank: random() }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, AT_ONCE);
  return chosen.map(({ item }) => {
    const kind = pick(mix[item.split('/')[0] ?? ''] ?? []);
    DAMAGES[kind](pathOf(directory, item), random);
    return { item, kind };
  });
}

/** How a repository's steps tell of it; null when they do not. */
function toldAs({ item, kind }: Harm, steps: readonly StepReport[]): string | null {
  const flaws = new Set(
    steps.flatMap(({ result }) => (result as Verification | null)?.flaws ?? []).map((flaw) => flaw.item),
  ); // as the steps write it
  if (flaws.has(item)) return item;
  if (kind !== 'delete') return null;
  if (item.startsWith('index/') && flaws.has('structure')) return 'structure';
  const lost = JSON.stringify(steps.map(({ result }) => result?.['lost'] ?? []));
  if (item.startsWith('snapshots/') && lost.includes(item.slice('snapshots/'.length))) return 'lost';
  const notChecked = steps.some(({ error }) => error?.code === 'wrong-password'); // restic finds no key that it could try
  return item.startsWith('keys/') && notChecked ? 'not checked' : null;
}

test(`at least 200 damaged files are all found, and nothing that has one is green`, async (t) => {
  const host = scratchHost(t);
  for (const name of REPOSITORIES) host.addRepository(name, { concurrency: 2 });
  for (let index = 0; index < SERVICES; index += 1) host.addService(`app${index}`, { 'data.bin': randomBytes(20_000) });
  assert.equal((await host.backUp()).code, 0);
  for (const name of [...REPOSITORIES, 'state']) cpSync(host.path(name), host.path('whole', name), { recursive: true });

  let count = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const name of [...REPOSITORIES, 'state']) {
      rmSync(host.path(name), { recursive: true });
      cpSync(host.path('whole', name), host.path(name), { recursive: true });
    }
    const harms = new Map(REPOSITORIES.map((name) => [name, harm(host.path(name))]));
    const { code, stdout, stderr } = await host.run(['--json', 'verify', '--data', '100%']);
    assert.equal(code, 2, stderr);
    const { steps } = JSON.parse(stdout) as Report; // its shape has a test of its own
    for (const [name, mine] of harms) {
      const looks = steps.filter(({ repository }) => repository === name);
      assert.ok(looks.some(({ outcome }) => outcome !== 'succeeded'));
      assert.ok(looks.every(({ error }) => error?.code !== 'bug'));
      for (const each of mine) {
        count += 1;
        assert.ok(
          toldAs(each, looks),
          `round ${round}: ${each.kind} of ${name}/${each.item} was not told among ${JSON.stringify(mine)}: ${JSON.stringify(looks, null, 1)}`,
        );
      }
    }
  }
  assert.ok(count >= 200, `${count}`);
});
