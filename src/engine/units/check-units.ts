// What keeps the jobs of a host from running as configured: units that differ, timers that do not tick, programs, credentials and
// services that are not there. Pure, over what was seen.

import { hasOwnRepositories } from '../postgres/plan-backup.ts';
import type { Configuration } from '../../config/configuration.ts';
import { mayBeHeld } from '../../domain/naming.ts';
import { owesNothing } from '../../domain/protection.ts';
import type { Difference, Standing } from './differences.ts';
import { recoverables } from './recover-unit.ts';
import type { UnitScene, UnitSet } from './scene.ts';
import { startedUnits } from './started.ts';

export interface UnitFinding {
  /** `problem`: something that is configured does not happen. `warning`: it happens otherwise than configured. */
  readonly severity: 'problem' | 'warning';
  readonly kind:
    | Exclude<Standing, 'same'>
    | 'not-enabled'
    | 'not-active'
    | 'on-hold'
    | 'no-program'
    | 'no-credential'
    | 'not-seen'
    | 'no-such-unit'
    | 'no-job';
  /** A unit, a file or a service. */
  readonly subject: string;
  readonly message: string;
  readonly hint: string;
}

export interface SeenHost {
  readonly differences: readonly Difference[];
  /** Null where systemd does not run: then nothing is known of what is active. */
  readonly active: ReadonlySet<string> | null;
  /** Null: the record, which says so, is not for this user. */
  readonly held: boolean | null;
  /** Is not there, or cannot be executed. */
  readonly missingPrograms: readonly string[];
  /** Are in none of the machine's stores. */
  readonly missingCredentials: readonly string[];
  /** Are in none of those that this user may look into. */
  readonly unseenCredentials: readonly string[];
  /** Units of services that systemd does not know. */
  readonly unknownUnits: ReadonlySet<string>;
}

const INSTALL = 'holdfast units install';
const AS_ROOT = 'Check it as root: this user may not look there.';

export function checkUnits({ configuration }: UnitScene, set: UnitSet, seen: SeenHost): UnitFinding[] {
  return [
    ...seen.missingPrograms.map(noProgram),
    ...seen.differences.filter((each) => !isLinkOfMissing(each, seen.differences)).flatMap(standing),
    ...inactive(set, seen),
    ...seen.missingCredentials.map(noCredential),
    ...seen.unseenCredentials.map(unseenCredential),
    ...strangers(configuration, seen),
    ...jobless(configuration),
  ];
}

/** What is not installed is not enabled either. */
const isLinkOfMissing = ({ path, kind }: Difference, all: readonly Difference[]): boolean =>
  kind === 'link' && all.some((each) => each.path === unitOf(path) && each.standing === 'missing');

function standing({ path, kind, standing: how, unwanted }: Difference): UnitFinding[] {
  const about = { subject: path, kind: how === 'same' ? 'missing' : how } as const;
  switch (how) {
    case 'same':
      return [];
    case 'missing':
      return kind === 'link'
        ? [
            {
              severity: 'problem',
              subject: unitOf(path),
              kind: 'not-enabled',
              message: 'is not enabled: no boot starts it',
              hint: INSTALL,
            },
          ]
        : [{ ...about, severity: 'problem', message: 'is not installed', hint: INSTALL }];
    case 'outdated':
      return [
        { ...about, severity: 'warning', message: 'is of another configuration, or of another version', hint: INSTALL },
      ];
    case 'left-over':
      return [
        { ...about, severity: 'warning', message: 'is left over: nothing is configured for it any more', hint: INSTALL },
      ];
    case 'edited':
      return [
        {
          ...about,
          severity: 'warning',
          message: `was changed by hand${unwanted ? ', and nothing is configured for it any more' : ''}`,
          hint: `Put the change into a drop-in (systemctl edit ${unitOf(path)}), then: ${INSTALL} --force`,
        },
      ];
    case 'foreign':
      return [
        {
          ...about,
          severity: 'problem',
          message: 'is not by Holdfast, and stands in its place',
          hint: `Move it away, or: ${INSTALL} --force`,
        },
      ];
    default:
      return how satisfies never;
  }
}

const unitOf = (path: string): string => path.split('/').at(-1) ?? path;

/** Only of what is there: what is missing is told already. */
function inactive(set: UnitSet, { differences, active, held }: SeenHost): UnitFinding[] {
  if (active === null) return [];
  const there = new Set(differences.filter((each) => each.standing !== 'missing').map(({ path }) => path));
  const idle = startedUnits(set).filter((unit) => there.has(unit) && !active.has(unit));
  return idle.map((subject) =>
    held === null && mayBeHeld(subject)
      ? {
          severity: 'warning',
          kind: 'not-active',
          subject,
          message: 'does not run, or is on hold: the record would say',
          hint: AS_ROOT,
        }
      : held && mayBeHeld(subject)
        ? { severity: 'warning', kind: 'on-hold', subject, message: 'is on hold', hint: 'holdfast gate release' }
        : { severity: 'problem', kind: 'not-active', subject, message: 'does not run: it starts nothing', hint: INSTALL },
  );
}

const noProgram = (program: string): UnitFinding => ({
  severity: 'problem',
  kind: 'no-program',
  subject: program,
  message: 'is what units start, and cannot be executed',
  hint: `Install Holdfast there, or run ${INSTALL} with the one that is installed.`,
});

const noCredential = (name: string): UnitFinding => ({
  severity: 'problem',
  kind: 'no-credential',
  subject: name,
  message: 'is the credential of a repository, and no store of this machine has it',
  hint: `Put it into /etc/credstore/${name} (root, mode 0600), or give it by a drop-in with LoadCredentialEncrypted=.`,
});

const unseenCredential = (name: string): UnitFinding => ({
  severity: 'warning',
  kind: 'not-seen',
  subject: name,
  message: 'is the credential of a repository, and whether it is there is not for this user to see',
  hint: AS_ROOT,
});

/** A recovery that is ordered before nothing never happens. */
const strangers = (configuration: Configuration, { unknownUnits }: SeenHost): UnitFinding[] =>
  recoverables(configuration)
    .filter(({ unit }) => unknownUnits.has(unit))
    .map(({ service, unit }) => ({
      severity: 'warning',
      kind: 'no-such-unit',
      subject: unit,
      message: `is to wait for the data of ${service.name}, and systemd knows no such unit`,
      hint: `Correct services.${service.name}.unit. See: systemctl list-unit-files`,
    }));

/** Declared, owed something, and nothing makes it. */
const jobless = ({ services }: Configuration): UnitFinding[] =>
  [...services.values()]
    .filter(
      ({ backup, postgres, protection }) => backup === null && !hasOwnRepositories({ postgres }) && !owesNothing(protection),
    )
    .map(({ name }) => ({
      severity: 'problem',
      kind: 'no-job',
      subject: name,
      message: 'is declared, and no job backs it up',
      hint: `Give services.${name} a backup, or say protection: {class: ephemeral} if nothing in it is worth keeping.`,
    }));
