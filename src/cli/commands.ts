// Every command, in the order of the help.

import type { CommandFactory } from './context.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { diffCommand } from './diff.ts';
import { findCommand } from './find.ts';
import { gateCommand } from './gate.ts';
import { historyCommand } from './history.ts';
import { lsCommand } from './ls.ts';
import { repositoryCommand } from './repository.ts';
import { restoreCommand } from './restore.ts';
import { retentionCommand } from './retention.ts';
import { runCommand } from './run.ts';
import { snapshotsCommand } from './snapshots.ts';
import { statusCommand } from './status.ts';

export const COMMANDS: readonly CommandFactory[] = [
  demoCommand,
  configCommand,
  doctorCommand,
  repositoryCommand,
  runCommand,
  statusCommand,
  historyCommand,
  gateCommand,
  snapshotsCommand,
  lsCommand,
  findCommand,
  diffCommand,
  restoreCommand,
  retentionCommand,
  completionCommand,
  completeCommand,
];
