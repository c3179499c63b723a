// What a service is owed: its own words, over the defaults, over its class, over what is built in.

import type { Duration } from '../domain/duration.ts';
import { parseBytes } from '../domain/bytes.ts';
import type { ProtectionConfig, ValidatorConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import type { ConfigurationFile, DefaultsFile, ProtectionClassFile, ServiceFile, ValidatorFile } from './schema.ts';
import { argvOf, milliseconds, parsed } from './written-values.ts';

/** The classes that exist without being written. */
export const BUILT_IN_CLASSES: Readonly<Record<string, ProtectionClassFile>> = {
  critical: {
    rpo: '1h',
    offsiteRpo: '26h',
    rto: '1h',
    copies: 3,
    media: 2,
    offsite: 1,
    verifiedWithin: '8d',
    drilledWithin: '8d',
  },
  standard: {
    rpo: '26h',
    offsiteRpo: '50h',
    rto: '4h',
    copies: 3,
    media: 2,
    offsite: 1,
    verifiedWithin: '32d',
    drilledWithin: '32d',
  },
  ephemeral: { copies: 0, media: 0, offsite: 0 },
};

type Promise = keyof ProtectionClassFile;

export function resolveProtection(
  name: string,
  service: Written<ServiceFile>,
  value: ServiceFile,
  defaults: Written<DefaultsFile>,
  input: { readonly main: SourceDocument; readonly file: ConfigurationFile },
  entries: EffectiveEntries,
): ProtectionConfig {
  const path = ['services', name, 'protection'];
  const own = service.inside('protection', value.protection);
  const common = defaults.inside('protection', input.file.defaults?.protection);
  const className = entries.add([...path, 'class'], own.get('class') ?? common.get('class') ?? builtIn('standard'));
  const classes: Readonly<Record<string, ProtectionClassFile>> = input.file.protectionClasses ?? {};
  const writtenClass = new Written(
    Object.hasOwn(classes, className) ? classes[className] : undefined,
    input.main,
    ['protectionClasses', className],
    `class ${className}`,
  );
  // A class that is new leans on standard, so that a word left out still owes something; one that keeps nothing owes nothing.
  const base = Object.hasOwn(BUILT_IN_CLASSES, className)
    ? className
    : writtenClass.get('copies')?.value === 0
      ? 'ephemeral'
      : 'standard';
  // A service that names another class than the defaults do does not mix in the promises of the defaults.
  const usesCommon = own.get('class') === undefined || own.get('class')?.value === common.get('class')?.value;

  function choose<Key extends Promise>(key: Key): Choice<NonNullable<ProtectionClassFile[Key]> | null> {
    const fallback = BUILT_IN_CLASSES[base]?.[key];
    return (
      own.get(key) ??
      (usesCommon ? common.get(key) : undefined) ??
      writtenClass.get(key) ??
      builtIn(fallback ?? null, `class ${base}`)
    );
  }
  const span = (key: 'rpo' | 'offsiteRpo' | 'rto' | 'verifiedWithin' | 'drilledWithin'): Duration | null => {
    const text = entries.add([...path, key], choose(key));
    return text === null ? null : milliseconds(text);
  };
  const number = (key: 'copies' | 'media' | 'offsite'): number => entries.add([...path, key], choose(key)) ?? 0;

  return {
    class: className,
    rpo: span('rpo'),
    offsiteRpo: span('offsiteRpo'),
    rto: span('rto'),
    copies: number('copies'),
    media: number('media'),
    offsite: number('offsite'),
    verifiedWithin: span('verifiedWithin'),
    drilledWithin: span('drilledWithin'),
    allowEmptyStart: entries.add(
      [...path, 'allowEmptyStart'],
      own.get('allowEmptyStart') ?? common.get('allowEmptyStart') ?? builtIn(false),
    ),
    validators: entries
      .add([...path, 'validators'], own.get('validators') ?? common.get('validators') ?? builtIn<ValidatorFile[]>([]))
      .map(resolveValidator),
  };
}

function resolveValidator(written: ValidatorFile): ValidatorConfig {
  switch (written.type) {
    case 'sqlite':
      return { type: 'sqlite', path: written.path, query: written.query ?? null };
    case 'files':
      return {
        type: 'files',
        path: written.path,
        minCount: written.minCount ?? 1,
        minSize: parsed(parseBytes, written.minSize ?? '1B'),
      };
    case 'command':
      return {
        type: 'command',
        argv: argvOf(written.command),
        timeout: milliseconds(written.timeout ?? '5m'),
        cwd: written.cwd ?? null,
      };
    case 'json':
    case 'sql':
      break;
  }
  return written;
}
