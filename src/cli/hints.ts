// Hints name commands. Whoever types one needs what this command was given too: the same configuration, or the same
// repository where there is none.

import type { Report } from '../domain/report.ts';
import type { ErrorCode, ErrorReport } from '../lib/errors.ts';
import type { AdHocOptions } from './ad-hoc.ts';
import type { GlobalOptions } from './context.ts';
import { shellWord } from '../lib/shell-word.ts';

/** An error with the hint that fits how this command was called. */
export type Tailor = (error: ErrorReport) => ErrorReport;

type Given = Pick<GlobalOptions, 'config' | 'stateDir'>;

/** Every command that a text names repeats --config and --state-dir where they were given. */
export function asTyped({ config, stateDir }: Given): (text: string) => string {
  const given = words({ '--config': config, '--state-dir': stateDir });
  return (text) => text.replaceAll(/(?<![/\w.-])holdfast (?=[a-z])/g, `holdfast ${given}`);
}

/** The same for the hints of errors. */
export const hintsForConfiguration =
  (given: Given): Tailor =>
  (error) =>
    withHint(error, asTyped(given));

/** Without a configuration: looking commands repeat the repository, and nothing that is configured is spoken of. */
export function hintsForAdHoc(options: AdHocOptions): Tailor {
  const given = words({
    '--url': options.url,
    '--password-file': options.passwordFile,
    '--environment-file': options.environmentFile,
  });
  const instead: Partial<Record<ErrorCode, string>> = {
    'wrong-password': `Is ${options.passwordFile ?? 'that'} the password of this very repository? Nothing can be read without it.`,
    'secret-unreadable':
      'See whether what --password-file and --environment-file name is there, and may be read by this user.',
    'repository-missing': 'Is the address right, and its disk mounted? Nothing was made there.',
    'repository-locked':
      'Wait for the other process and try again. If it is dead, stock restic clears its stale lock: restic unlock',
  };
  return (error) =>
    withHint(
      error,
      (hint) =>
        instead[error.code] ??
        hint
          .replaceAll(`holdfast verify ${options.url}`, `holdfast verify ${given}`.trim())
          .replaceAll(' (`holdfast run`)', '')
          .replaceAll(/(?<![/\w.-])holdfast (snapshots|ls|find|diff|restore)\b/g, (command) => `${command} ${given}`.trim()),
    );
}

const withHint = (error: ErrorReport, change: (hint: string) => string): ErrorReport =>
  error.hint === null ? error : { ...error, hint: change(error.hint) };

/** `--config ./x.yaml `, with a space behind each; empty where nothing was given. */
const words = (options: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(options)
    .map(([name, value]) => (value === undefined ? '' : `${name} ${shellWord(value)} `))
    .join('');

/** A whole report so. */
export const tailorReport = (report: Report, tailor: Tailor): Report => ({
  ...report,
  steps: report.steps.map((step) => (step.error === null ? step : { ...step, error: tailor(step.error) })),
});
