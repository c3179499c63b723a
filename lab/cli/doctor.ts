// `doctor`: what the lab needs, what of it is missing, and what its machines run on.

import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { renderDoctor } from '../../src/cli/render-doctor.ts';
import type { DoctorReport } from '../../src/engine/doctor.ts';
import { type Finding, ok, problem, warning } from '../../src/engine/doctor/check.ts';
import { EXIT } from '../../src/domain/exit-code.ts';
import { formatInstant } from '../../src/domain/instant.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { cacheDirectory } from '../cache.ts';
import { imageKey, imagePath } from '../image/image.ts';
import { kernelRecipe } from '../image/images.ts';
import { accelerationFor } from '../machine/qemu.ts';
import { KINDS, recipesOf, type Requirement, REQUIREMENTS } from '../requirements.ts';
import { output } from './output.ts';

/** Answers with the exit code: 2 when something is missing. */
export async function doctor(): Promise<number> {
  const findings = REQUIREMENTS.flatMap((requirement) =>
    findingsOf(requirement).map((one) => ({ ...one, title: requirement.title })),
  );
  const hasProblem = findings.some(({ health }) => health === 'problem');
  const checks = [
    ...findings,
    ...(process.getuid?.() === 0 ? [{ ...imagesFinding(), title: 'images' }] : []), // another user has another cache
    ...(hasProblem ? [] : [{ ...(await speed()), title: 'machines' }]),
  ].map((check) => ({ ...check, id: check.title }));
  const count = (health: Finding['health']): number => checks.filter((check) => check.health === health).length;
  const counts = { ok: count('ok'), warning: count('warning'), problem: count('problem') };
  const exitCode = hasProblem ? EXIT.failed : EXIT.ok;
  const at = formatInstant(systemClock.now());
  const report: DoctorReport = { schemaVersion: 1, kind: 'doctor', host: hostname(), at, exitCode, counts, checks };
  output.write(renderDoctor(report, output));
  return exitCode;
}

/** One for each thing that is missing, with the kinds that lack it. */
function findingsOf(requirement: Requirement): Finding[] {
  const found = requirement.kinds.flatMap((kind) => requirement.missing(kind).map((thing) => ({ kind, thing })));
  const things = new Map(found.map(({ thing }) => [thing.what, thing]));
  if (things.size === 0) return [ok(requirement.detail())];
  return [...things.values()].map((thing) => {
    const without = found.filter(({ thing: { what } }) => what === thing.what).map(({ kind }) => kind);
    return problem(`${thing.what}${consequence(without)}`, thing.fix);
  });
}

const consequence = (kinds: readonly string[]): string =>
  kinds.length === KINDS.length ? ': without it there is no lab' : `: no ${kinds.join(', no ')}`;

function imagesFinding(): Finding {
  const images = { images: join(cacheDirectory(), 'images') };
  const missing = recipesOf('machine').filter((recipe) => !existsSync(imagePath(recipe, images)));
  if (missing.length === 0) return ok('all are made');
  return warning(
    `not made yet: ${missing.map(imageKey).join(', ')}`,
    'npm run lab -- images: five minutes; otherwise whoever needs one first makes it',
  );
}

async function speed(): Promise<Finding> {
  const kernel = join(imagePath(kernelRecipe(), { images: join(cacheDirectory(), 'images') }), 'vmlinuz');
  if (!existsSync(kernel)) return ok('whether they are virtualised shows when there is a kernel');
  return (await accelerationFor(kernel)) === 'kvm'
    ? ok('virtualised, with KVM')
    : ok('emulated, because there is no KVM that works: booting takes half a minute');
}
