// holdfast import: what other programs were told, as a section of the configuration. It prints, and writes nowhere.

import { Command } from '@commander-js/extra-typings';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import type { CliContext, CommandFactory } from './context.ts';

const FILE = '/etc/sanoid/sanoid.conf';
const DEFAULTS = ['/etc/sanoid/sanoid.defaults.conf', '/usr/share/sanoid/sanoid.defaults.conf'];

export const importCommand: CommandFactory = (context) => {
  const group = new Command('import').description('print what another program is configured to do, as a section of ours');
  group
    .command('sanoid')
    .description('the snapshot policies of a sanoid.conf, with remarks on what has no equivalent; nothing is written')
    .argument('[file]', 'where it is', FILE)
    .action((file) => importSanoidFile(context(), file));
  return group;
};

async function importSanoidFile(cli: CliContext, file: string): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const { parseSanoidConf } = await import('../tools/sanoid/conf.ts');
  const { importSanoid } = await import('../engine/import/sanoid.ts');
  const { renderImport } = await import('./render-import.ts');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const texts = await Promise.all(DEFAULTS.map((path) => readFile(path, 'utf8').catch(() => null))); // it has no file of them
  const defaults = texts.find((each) => each !== null);
  const found = importSanoid(
    parseSanoidConf(text),
    defaults === undefined ? undefined : parseSanoidConf(defaults ?? '').templates.get('default'),
  );
  cli.result(await renderImport(found, file), {
    schemaVersion: 1,
    replication: { zfs: found.zfs },
    remarks: found.remarks,
  });
}

const unreadable = (file: string, cause: unknown): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'read',
    subject: file,
    message: errnoOf(cause) === 'ENOENT' ? `there is no ${file}` : `${file} cannot be read: ${String(cause)}`,
    hint: 'Say where it is: holdfast import sanoid FILE',
    cause,
  });
