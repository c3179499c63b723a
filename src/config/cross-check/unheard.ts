// What would go wrong without a word: kinds of problems that no channel takes, though there are channels.

import { jobName } from '../../domain/naming.ts';
import type { ProblemKind } from '../../domain/notification.ts';
import type { Configuration } from '../configuration.ts';
import { channelsOfProblem, isTold, itemFilter, takesPings } from '../notification-route.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

interface Subject {
  readonly subject: string;
  readonly service: string | null;
  readonly repository: string | null;
}

export function checkUnheard({ resolved: { configuration } }: CrossCheckInput, findings: Findings): void {
  const { notifications } = configuration;
  if (notifications.channels.length === 0) return; // that is for the doctor: it is no mistake in what is written
  const unheard = possible(configuration).flatMap(([kind, subjects]) => {
    if (!isTold(notifications, kind)) return [];
    const silent = subjects.filter(
      (each) => channelsOfProblem(notifications, kind, [each]).length === 0 && !isPinged(configuration, kind, each),
    );
    if (silent.length === 0) return [];
    return [silent.length === subjects.length ? kind : `${kind} (${silent.map(({ subject }) => subject).join(', ')})`];
  });
  const [first] = unheard;
  if (first === undefined) return;
  const kind = first.split(' ')[0];
  findings.warn(
    ['notifications', 'channels'],
    `nobody would be told of ${unheard.join(', ')}: no channel takes that; let one take it, or say that nobody has to be told: templates: {${kind}: {enable: false}}`,
  );
}

/** What may go wrong on this host by its configuration, and with what. */
function possible({
  services,
  verification,
  gates,
  datasets,
  replication,
}: Configured): [ProblemKind, readonly Subject[]][] {
  const jobs = [...services.values()].flatMap(({ name, backup }) =>
    (backup?.repositories ?? []).map((repository) => ({ subject: jobName(name, repository), service: name, repository })),
  );
  const own = (isMeant: (service: string) => boolean): Subject[] =>
    [...services.keys()].filter(isMeant).map((name) => ({ subject: name, service: name, repository: null }));
  const places = verification.enable ? verification.repositories : [];
  return [
    ['backup-failure', jobs],
    ['partial', jobs],
    ['stale', jobs],
    ['verify-failure', places.map((name) => ({ subject: name, service: null, repository: name }))],
    ['drill-failure', verification.drills.enable ? jobs : []],
    ['preseed-failure', own((name) => services.get(name)?.recover.beforeStart ?? false)],
    ['dataset-drift', datasets.map(({ name, service }) => ({ subject: name, service, repository: null }))],
    ['sanoid-failure', replication.snapshots.datasets.map(({ dataset }) => ofHost(dataset))],
    ['syncoid-lag-warning', replication.targets.map(({ name }) => ofHost(name))],
    ['hold-forgotten', gates.size > 0 ? [ofHost('this host')] : []],
  ];
}

const ofHost = (subject: string): Subject => ({ subject, service: null, repository: null });

type Configured = Pick<Configuration, 'replication' | 'services' | 'verification' | 'gates' | 'datasets' | 'notifications'>;

const BY_PING: ReadonlySet<ProblemKind> = new Set(['backup-failure', 'partial', 'stale']);
const BY_PING_OF_SERVICE: ReadonlySet<ProblemKind> = new Set([...BY_PING, 'drill-failure', 'preseed-failure']);

/** A check hears of it: the ping says so, or does not come. */
const isPinged = ({ notifications }: Configured, kind: ProblemKind, subject: Subject): boolean =>
  notifications.channels.filter(takesPings).some((channel) => {
    const filter = itemFilter(channel);
    return filter === null ? BY_PING.has(kind) : BY_PING_OF_SERVICE.has(kind) && filter(subject);
  });
