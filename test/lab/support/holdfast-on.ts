// Holdfast as somebody uses it on a host of the lab: a configuration in /etc, and its answers as data.

import type { ExecOptions, Executed, Host } from '../../../lab/host.ts';
import { configurationTag } from '../../../src/domain/naming.ts';
import type { Report } from '../../../src/domain/report.ts';

export const PASSWORD_FILE = '/etc/holdfast/password';

export type Section = Readonly<Record<string, unknown>>;

/** Written as /etc/holdfast/holdfast.yaml; JSON is YAML. Repositories without a password file get one. */
export async function configure(
  host: Host,
  { repositories, services }: { readonly repositories: Record<string, Section>; readonly services: Record<string, Section> },
): Promise<void> {
  const config = {
    version: 1,
    host: host.name,
    repositories: Object.fromEntries(
      Object.entries(repositories).map(([name, section]) => [name, { passwordFile: PASSWORD_FILE, ...section }]),
    ),
    services,
  };
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config, null, 1));
  await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
}

export interface Answer extends Executed {
  readonly report: Report;
}

/** `holdfast --json ...`, whatever its exit code; its answer must be one JSON document. */
export async function holdfast(host: Host, args: readonly string[], options: ExecOptions = {}): Promise<Answer> {
  const executed = await host.exec(['holdfast', '--json', ...args], { ...options, anyExit: true });
  try {
    return { ...executed, report: JSON.parse(executed.stdout) as Report }; // its shape has a test of its own
  } catch {
    throw new Error(`no report: exit ${executed.exitCode}\n${executed.stdout}\n${executed.stderr}`);
  }
}

/** Plain restic on a repository of the host. */
export async function restic(host: Host, url: string, args: readonly string[]): Promise<string> {
  return await host.tell('restic', '--repo', url, '--password-file', PASSWORD_FILE, ...args);
}

/** Ids of the snapshots that plain restic finds, without those of the configuration. */
export async function snapshotIds(host: Host, url: string): Promise<string[]> {
  const listed = JSON.parse(await restic(host, url, ['snapshots', '--json', '--no-lock'])) as {
    readonly id: string;
    readonly tags?: readonly string[];
  }[];
  return listed.filter(({ tags }) => !tags?.includes(configurationTag)).map(({ id }) => id);
}
