// Gates: stages that can be told apart, that have something to run, and that need only what was there before them.

import type { GateConfig, GateStage } from '../configuration.ts';
import { nearest } from '../nearest.ts';
import type { KeyPath } from '../problems.ts';
import { contains, normalPath } from '../repository-url.ts';
import type { CrossCheckInput, Findings } from './findings.ts';
import { checkMembers } from './gate-members.ts';

const COMMANDS: ReadonlySet<string> = new Set(['run', 'hold', 'release']);

export function checkGates(input: CrossCheckInput, findings: Findings): void {
  for (const gate of input.resolved.configuration.gates.values()) {
    const path = ['gate', gate.name];
    if (COMMANDS.has(gate.name))
      findings.error(path, `a gate cannot be called ${gate.name}: \`holdfast gate ${gate.name}\` is a command`);
    checkThreshold(gate, path, findings);
    checkPreflight(input, gate, path, findings);
    for (const [index, stage] of gate.stages.entries()) {
      const at = [...path, 'stages', index];
      checkName(gate, index, path, findings);
      checkNeeds(gate.stages, index, at, findings);
      if (stage.units.length + stage.jobs.length === 0)
        findings.error(at, 'what does it run? Write units (systemd units), jobs (services that are backed up), or both');
      if (stage.expect !== null && stage.atLeast !== null)
        findings.error([...at, 'atLeast'], 'write either expect or atLeast');
    }
    checkMembers(input, gate, path, findings);
  }
}

function checkThreshold(gate: GateConfig, path: KeyPath, findings: Findings): void {
  if (gate.criticalAbove < 1) return;
  const isCritical = gate.stages.some(({ onFailure }) => onFailure === 'critical');
  findings.warn(
    [...path, 'criticalAbove'],
    `more than everything cannot fail: nothing ${isCritical ? 'but a stage with onFailure: critical' : 'that a stage runs'} can stop a deployment`,
  );
}

/** What must be a mount point itself, and lies below the one that a repository tells of, will hardly be one. */
function checkPreflight(input: CrossCheckInput, gate: GateConfig, path: KeyPath, findings: Findings): void {
  for (const [index, check] of gate.preflight.entries()) {
    if (!check.mounted) continue;
    for (const { name, mounted } of input.resolved.configuration.repositories.values()) {
      if (mounted === null || !contains(normalPath(mounted), check.path)) continue;
      findings.warn(
        [...path, 'preflight', index, 'mounted'],
        `${check.path} must be a mount point itself, but it lies below ${mounted}, the one of the repository ${name}: did you mean path: ${mounted}?`,
      );
    }
  }
}

function checkName(gate: GateConfig, index: number, path: KeyPath, findings: Findings): void {
  if (gate.stages[index]?.name.toLowerCase() === 'preflight') {
    findings.error(
      [...path, 'stages', index, 'name'],
      'preflight is what is looked at before every stage: choose another name',
    );
    return;
  }
  const first = gate.stages.findIndex(({ name }) => name === gate.stages[index]?.name);
  if (first === index) return;
  const place = findings.place([...path, 'stages', first, 'name']);
  findings.error([...path, 'stages', index, 'name'], `another stage of this gate is called so already (${place})`);
}

function checkNeeds(stages: readonly GateStage[], own: number, path: KeyPath, findings: Findings): void {
  const stage = stages[own];
  const earlier = stages.slice(0, own).map(({ name }) => name);
  const others = stages.map(({ name }) => name).filter((name) => name !== stage?.name);
  for (const [index, wanted] of (stage?.needs ?? []).entries()) {
    const at = [...path, 'needs', index];
    if (stage?.needs.indexOf(wanted) !== index) findings.error(at, `'${wanted}' is named twice`);
    else if (wanted === stage.name) findings.error(at, 'a stage cannot need itself');
    else if (earlier.includes(wanted)) continue;
    else if (others.includes(wanted))
      findings.error(at, `the stage '${wanted}' comes after this one: only an earlier one can be needed`);
    else {
      const near = nearest(wanted, others);
      const known = near ? `did you mean '${near}'?` : `before this one there is: ${earlier.join(', ') || 'none'}`;
      findings.error(at, `there is no stage '${wanted}'; ${known}`);
    }
  }
}
