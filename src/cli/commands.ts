// Every command, in the order of the help.

import type { CommandFactory } from './context.ts';
import { agentCommand } from './agent.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { bootstrapCommand } from './bootstrap.ts';
import { configCommand } from './config.ts';
import { datasetsCommand } from './datasets.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { drillCommand } from './drill.ts';
import { diffCommand } from './diff.ts';
import { findCommand } from './find.ts';
import { gateCommand } from './gate.ts';
import { historyCommand } from './history.ts';
import { importCommand } from './import.ts';
import { lsCommand } from './ls.ts';
import { metricsCommand } from './metrics.ts';
import { migrateCommand } from './migrate.ts';
import { notifyCommand } from './notify.ts';
import { postgresCommand } from './postgres.ts';
import { recoveryKitCommand } from './recovery-kit.ts';
import { replicateCommand } from './replicate.ts';
import { repositoryCommand } from './repository.ts';
import { recoverCommand } from './recover.ts';
import { restoreCommand } from './restore.ts';
import { retentionCommand } from './retention.ts';
import { runCommand } from './run.ts';
import { snapshotCommand } from './snapshot.ts';
import { snapshotsCommand } from './snapshots.ts';
import { statusCommand } from './status.ts';
import { unitsCommand } from './units.ts';
import { verifyCommand } from './verify.ts';

export const COMMANDS: readonly CommandFactory[] = [
  demoCommand,
  configCommand,
  doctorCommand,
  repositoryCommand,
  runCommand,
  statusCommand,
  historyCommand,
  gateCommand,
  metricsCommand,
  snapshotsCommand,
  lsCommand,
  findCommand,
  diffCommand,
  restoreCommand,
  retentionCommand,
  verifyCommand,
  drillCommand,
  notifyCommand,
  recoveryKitCommand,
  bootstrapCommand,
  recoverCommand,
  unitsCommand,
  postgresCommand,
  datasetsCommand,
  migrateCommand,
  snapshotCommand,
  importCommand,
  replicateCommand,
  agentCommand,
  completionCommand,
  completeCommand,
];
