import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { buildProgram } from '../../../../src/cli/program.ts';
import { duration } from '../../../../src/domain/duration.ts';
import type { Share } from '../../../../src/domain/percentage.ts';
import { type PrometheusRule, ruleFile, alertRules } from '../../../../src/observe/metrics/rules/rule-file.ts';
import { METRICS } from '../../../engine/support/host.ts';
import { metricsIn, unknownIn } from '../support/names.ts';
import { checkRules, withFiles, skip } from '../support/promtool.ts';
import { type Case, CASES } from './cases.ts';

const patience = new Map([
  ['verify', duration(8, 'd')],
  ['retention', duration(27, 'h')],
] as const);
const SOURCE = { host: 'forge', metrics: METRICS, patience };
const RULES = alertRules(SOURCE);
const groups = ruleFile(SOURCE).groups;

test('promtool finds nothing wrong with the rules', { skip }, () => {
  const { status, output } = checkRules(stringify({ groups }));
  assert.equal(status, 0, output);
});

test('every rule speaks of metrics and labels that are emitted, and of one host', () => {
  for (const { alert, expr } of RULES) {
    assert.deepEqual(unknownIn(expr), [], alert);
    assert.ok(metricsIn(expr).length > 0, alert);
    for (const [selector] of expr.matchAll(/\w+\{[^}]*\}/g)) assert.match(selector, /hostname="forge"/, alert);
  }
});

test('texts mention only labels that their alert has', () => {
  for (const rule of RULES) {
    const texts = [rule.summary, rule.description, ...rule.runbook.flatMap(({ command = [] }) => command)].join(' ');
    const labels = [...texts.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
    const example = CASES.filter(({ alert }) => alert === rule.alert).flatMap(({ fires }) => fires);
    for (const label of labels) {
      assert.ok(
        example.some((fired) => fired['severity'] === rule.severity && label in fired),
        `${rule.alert}: ${label}`,
      );
    }
  }
});

test('every command of a runbook is one that can be typed', async () => {
  for (const { alert, runbook } of RULES) {
    for (const { command } of runbook) {
      if (command === undefined) continue;
      const program = harmless(buildProgram({ context: null }, { serve: () => Promise.resolve() }));
      const typed = command.map((word) => word.replace(/^\{\{.*\}\}$/, 'sonarr'));
      await assert.doesNotReject(program.parseAsync(['node', 'holdfast', ...typed]), `${alert}: ${command.join(' ')}`);
    }
  }
});

test('a command that does not exist would be found', async () => {
  await assert.rejects(
    harmless(buildProgram({ context: null }, { serve: () => Promise.resolve() })).parseAsync([
      'node',
      'holdfast',
      'retention',
      'aply',
    ]),
  );
});

/** Parses, and does nothing. */
function harmless(command: CommandUnknownOpts): CommandUnknownOpts {
  command.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  if (Reflect.get(command, '_actionHandler')) command.action(() => {}); // a command with subcommands may do something itself
  for (const each of command.commands) harmless(each);
  return command;
}

test('each alert fires when it should, and not otherwise', { skip }, async (context) => {
  for (const { alert } of RULES) {
    for (const fires of [true, false]) {
      assert.ok(
        CASES.some((each) => each.alert === alert && each.fires.length > 0 === fires),
        `${alert} has no case in which it ${fires ? 'fires' : 'does not'}`,
      );
    }
  }
  for (const each of CASES) {
    const name = `${each.alert}, ${each.says}: ${each.fires.length === 0 ? 'nothing' : each.fires.length}`;
    await context.test(name, () => {
      const { status, output } = judged(each, groups);
      assert.equal(status, 0, output);
    });
  }
});

const SOURCES = [
  { job: 'node', instance: 'forge:9100' },
  { job: 'holdfast', instance: 'forge:9464' },
] as const;
type Source = (typeof SOURCES)[number];

const from = (series: Case['series'], { job, instance }: Source): [string, string][] =>
  Object.entries(series).map(([name, values]) => [name.replace(/\}$/, `,job="${job}",instance="${instance}"}`), values]);

test('an alert is the same where the file of the node exporter and the agent both tell it', { skip }, () => {
  for (const each of CASES) {
    const apart = each.alert.startsWith('BackupMonitoring'); // a source that tells nothing new is told for itself
    const fires = each.fires.flatMap((labels) =>
      apart && labels['reason'] === undefined ? SOURCES.map((source) => ({ ...labels, ...source })) : [labels],
    );
    const series = Object.fromEntries(SOURCES.flatMap((source) => from(each.series, source)));
    const { status, output } = judged({ ...each, series, fires }, groups);
    assert.equal(status, 0, `${each.alert}, ${each.says}: ${output}`);
  }
});

test('where two sources differ, the one that alarms is believed', { skip }, () => {
  const named = (alert: string, says: string): Case => {
    const found = CASES.find((each) => each.alert === alert && each.says === says);
    assert.ok(found, `${alert}: ${says}`);
    return found;
  };
  const pairs = [
    [named('UnifiedBackupFailed', 'a success'), named('UnifiedBackupFailed', 'a failed attempt')],
    [named('ServiceUnprotected', 'protected'), named('ServiceUnprotected', 'no copy')],
    [named('RepositoryVerificationFailed', 'sound'), named('RepositoryVerificationFailed', 'damage')],
    [named('RepositoryNearlyFull', 'half full'), named('RepositoryNearlyFull', '95 %')],
  ] as const;
  for (const [well, wrong] of pairs) {
    const series = Object.fromEntries([...from(well.series, SOURCES[0]), ...from(wrong.series, SOURCES[1])]);
    const { status, output } = judged({ ...wrong, series }, groups);
    assert.equal(status, 0, `${wrong.alert}: ${output}`);
  }
});

test('the levels of the configuration are those of the alarm', { skip }, () => {
  const tolerant = { warning: 0.96 as Share, critical: 0.99 as Share };
  const { groups: own } = ruleFile({ ...SOURCE, metrics: { ...METRICS, capacity: tolerant } });
  const full = CASES.find(({ alert, says }) => alert === 'RepositoryNearlyFull' && says === '95 %');
  assert.ok(full);
  assert.equal(judged({ ...full, fires: [] }, own).status, 0);
  assert.notEqual(judged(full, own).status, 0);
});

/** Without their texts, which would have to be filled in here as Prometheus does. */
const bare = (rule: PrometheusRule): Omit<PrometheusRule, 'annotations'> => {
  const { annotations: _, ...rest } = rule;
  return rest;
};

function judged({ alert, series, at, fires }: Case, all: typeof groups): { status: number | null; output: string } {
  const own = all.map((group) => ({ ...group, rules: group.rules.filter((rule) => rule.alert === alert).map(bare) }));
  return withFiles(['test', 'rules'], {
    'rules.yml': stringify({ groups: own.filter(({ rules }) => rules.length > 0) }),
    'test.yml': stringify({
      rule_files: ['rules.yml'],
      evaluation_interval: '5m',
      tests: [
        {
          interval: '5m',
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: fires.map((exp_labels) => ({ exp_labels })) }],
        },
      ],
    }),
  });
}
