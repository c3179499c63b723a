// The offsite copy of a server's pgBackRest repository, before it is due: whether there is something that could be copied, and whether
// somebody can open it afterwards.

import type { Configuration } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { jobsOf } from '../backup/plan-run.ts';
import { pgBackRestOf } from '../postgres/access.ts';
import { copyJobOf, PASSPHRASE, whatIsCopied } from '../postgres/copy-repository.ts';
import { passphraseIn } from '../postgres/passphrase.ts';
import { type Check, ok, warning } from './check.ts';

export const copyChecks = ({ config }: { readonly config: Configuration }): Check[] =>
  jobsOf(config, [...config.services.values()])
    .flatMap((job) => copyJobOf(job) ?? [])
    .map((of) => ({
      id: `copy:${of.job.service.name}`,
      title: of.job.service.name,
      limit: duration(3, 'm'), // pgBackRest waits for each connection that hangs
      async run(signal) {
        const { job, postgres, copy } = of;
        const { service, repository } = job;
        const access = await pgBackRestOf({ service, postgres }, signal);
        const { backups, encrypted } = await whatIsCopied(of, access, signal);
        if (encrypted && copy.cipherPassFile === null)
          return [warning(PASSPHRASE, `services.${service.name}.postgres.offsite.cipherPassFile`)];
        if (copy.cipherPassFile !== null) await passphraseIn(service.name, copy.cipherPassFile);
        const count = backups.length === 1 ? 'one backup' : `${backups.length} backups`;
        return [ok(`${copy.path} with ${count} can be copied to ${repository.name}`)];
      },
    }));
