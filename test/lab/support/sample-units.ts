// Units that end in every way in which a unit can end, each within seconds, and a way to their systemd from outside.

/** Sockets of the container through which programs of this machine reach its systemd, and its system bus. */
export const RELAY = '/run/relay.sock';
export const BUS_RELAY = '/run/bus-relay.sock';

const service = (lines: readonly string[], head: readonly string[] = []): string =>
  `[Unit]\n${head.join('\n')}\n[Service]\n${lines.join('\n')}\n`;
const oneshot = (lines: readonly string[], head?: readonly string[]): string => service(['Type=oneshot', ...lines], head);
const script = (text: string): string => `ExecStart=/bin/sh -c '${text}'`;
const relay = (to: string): string => service([`ExecStart=/usr/lib/systemd/systemd-socket-proxyd ${to}`]);
const relaySocket = (path: string): string => `[Socket]\nListenStream=${path}\n[Install]\nWantedBy=sockets.target\n`;

const TRUE = 'ExecStart=/bin/true';
const SLEEP = 'ExecStart=/bin/sleep 60';
/** It has started when it is prepared. */
const prepared = (preparation: string): readonly string[] => [
  'Type=notify',
  'NotifyAccess=all',
  script(`${preparation}; systemd-notify --ready; while :; do sleep 0.05; done`),
];
const RESTART = ['Restart=on-failure', 'RestartSec=200ms'];
const UNLIMITED = ['StartLimitIntervalSec=0'];
const TWO = ['ConditionPathExists=/etc', 'ConditionPathExists=!/usr'];
/** Keeps its service loaded. */
const TIMER = '[Timer]\nOnActiveSec=1d\n';

/** Fails twice, then succeeds. */
const thirdTime = (name: string): string =>
  script(`test -e /run/${name}-2 && exit 0; test -e /run/${name}-1 && touch /run/${name}-2; touch /run/${name}-1; exit 1`);

const units: Readonly<Record<string, string>> = {
  'relay.socket': relaySocket(RELAY),
  'relay.service': relay('/run/systemd/private'),
  'bus-relay.socket': relaySocket(BUS_RELAY),
  'bus-relay.service': relay('/run/dbus/system_bus_socket'),

  'well.service': oneshot([script('sleep 0.3')]),
  'good.service': oneshot([TRUE]),
  'quick.service': oneshot([TRUE]),
  'three.service': oneshot([script('sleep 0.1; exit 3')]),
  'killed.service': oneshot([script('kill -KILL $$$$')]),
  'slow.service': oneshot(['TimeoutStartSec=400ms', SLEEP]),
  'before.service': oneshot([`ExecStartPre=/bin/sh -c 'exit 7'`, TRUE]),
  'behind.service': oneshot([TRUE, `ExecStopPost=/bin/sh -c 'exit 5'`]),
  'no-program.service': oneshot(['ExecStart=/nonexistent']),
  'forks.service': oneshot([script('sleep 60 & exit 0')]),
  'instance@.service': oneshot(['ExecStart=/usr/bin/test %I = a-b/c']),
  'real-name.service': `${oneshot([script('sleep 0.3')])}[Install]\nAlias=alias.service\n`,
  'remains.service': oneshot(['RemainAfterExit=yes', script('sleep 0.2')]),
  'too-often.service': oneshot(['ExecStart=/bin/false'], ['StartLimitIntervalSec=1h', 'StartLimitBurst=2']),

  'simple.service': service([script('sleep 0.6')]),
  'simple-four.service': service([script('sleep 0.2; exit 4')]),
  'exec.service': service(['Type=exec', script('sleep 0.6')]),
  // Without its PID file systemd guesses the main process, in vain while the one that forked it has not been reaped.
  'forking.service': service([
    'Type=forking',
    'PIDFile=/run/forking.pid',
    script('sleep 0.6 & echo $$! > /run/forking.pid'),
  ]),
  'notify.service': service(['Type=notify', 'NotifyAccess=all', script('systemd-notify --ready; sleep 0.6')]),
  'silent-notify.service': service(['Type=notify', TRUE]),
  'limited.service': service(['RuntimeMaxSec=400ms', SLEEP]),
  'terminated.service': service([script('kill -TERM $$$$; sleep 9')]),

  'third-time.service': service([...RESTART, thirdTime('third-time')], UNLIMITED),
  'third-oneshot.service': oneshot([...RESTART, thirdTime('third-oneshot')], UNLIMITED),
  'gives-up.service': service([...RESTART, script('exit 6')], ['StartLimitIntervalSec=1h', 'StartLimitBurst=3']),
  'much-later.service': service(['Restart=on-failure', 'RestartSec=1h', 'ExecStart=/bin/false']),

  'condition.service': oneshot([TRUE], ['ConditionPathExists=/srv/data']),
  'two-conditions.service': oneshot([TRUE], TWO),
  'timed.service': oneshot([TRUE], TWO),
  'timed.timer': TIMER,
  'either.service': oneshot([TRUE], ['ConditionPathExists=|/srv/a', 'ConditionPathExists=|!/usr']),
  'either.timer': TIMER,
  'exec-condition.service': oneshot(['ExecCondition=/bin/false', TRUE]),
  'assert.service': oneshot([TRUE], ['AssertPathExists=/srv/data']),
  'needs.service': oneshot([TRUE], ['Requires=need.service good.service', 'After=need.service good.service']),
  'need.service': oneshot([script('exit 2')]),
  'impatient.service': oneshot([TRUE], ['After=queue.service', 'JobTimeoutSec=300ms']),
  'queued.service': oneshot([TRUE], ['After=queue.service']),
  'queue.service': oneshot([SLEEP]),

  'stopped.service': oneshot([SLEEP]),
  'daemon.service': service([SLEEP]),
  'polite.service': service(prepared('trap "exit 0" TERM')),
  'run-again.service': service(prepared('test -e /run/run-again && exit 3; touch /run/run-again')),
  'obstinate.service': service(['TimeoutStopSec=500ms', ...prepared('trap "" TERM')]),
  'undying.service': service(['TimeoutStopSec=1h', ...prepared('trap "" TERM; setsid sleep 61 & true')]),

  'long@.service': oneshot([script('sleep 4; exit %i')]),
  'long-simple@.service': service([script('sleep 4; exit %i')]),
  'gap.service': oneshot([script('sleep 1')]),
  'gap-timed.service': oneshot([script('sleep 1')]),
  'gap-timed.timer': TIMER,
  'gap-three.service': oneshot([script('sleep 1; exit 3')]),
  'kept@.service': oneshot([script('sleep 0.%i')]),
  'kept@.timer': TIMER,
  'batch@.service': oneshot([script('sleep 0.%i; exit $((%i %% 2))')]),
  'broken.timer': '[Timer]\n',
};

export const SAMPLES = Object.fromEntries(
  Object.entries(units).map(([name, text]) => [`/etc/systemd/system/${name}`, text]),
);
