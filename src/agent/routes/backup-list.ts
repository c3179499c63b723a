// GET /v1/backup-list

import { z } from 'zod';
import { errorShape } from '../../engine/api/report-shape.ts';
import { listShape } from '../../engine/api/list-shape.ts';
import { selectService } from '../../engine/select.ts';
import { snapshotsOnRecord } from '../../engine/snapshots/on-record.ts';
import type { Api } from '../server.ts';
import type { Served } from '../served.ts';

export function backupListRoute(
  api: Api,
  { configuration, journal, clock }: Pick<Served, 'configuration' | 'journal' | 'clock'>,
): void {
  api.route({
    method: 'GET',
    url: '/v1/backup-list',
    config: { access: { scope: 'backup-list' } },
    schema: {
      summary: 'The snapshots of a service',
      description:
        'Those that are on record, newest first, with the time at which each repository was last asked what it really holds. No repository is asked.',
      querystring: z.object({ service: z.string() }),
      response: { 200: listShape, 404: errorShape },
    },
    handler: (request) => {
      const service = selectService(configuration(), request.query.service);
      const names = service.backup?.repositories ?? [];
      const repositories = names.flatMap((name) => configuration().repositories.get(name) ?? []);
      return snapshotsOnRecord(service, repositories, journal.now(), clock.now());
    },
  });
}
