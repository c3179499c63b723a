// The configuration file as it is written: the one schema that validates, feeds editors and makes the reference page.
// Values stay as they are written (text); resolve.ts merges defaults and makes domain types of them.

import { z } from 'zod';
import { agentSchema } from './schema/agent.ts';
import { storageSchema } from './schema/dataset.ts';
import { gateSchema } from './schema/gate.ts';
import { notificationsSchema } from './schema/notifications.ts';
import { metricsSchema, offsiteSchema, verificationSchema } from './schema/operations.ts';
import { protectionClassSchema } from './schema/protection.ts';
import { replicationSchema } from './schema/replication.ts';
import { repositorySchema } from './schema/repository.ts';
import { absolutePath, name, optional, required, section, word } from './schema/scalars.ts';
import { unitsSchema } from './schema/resources.ts';
import { defaultsSchema, serviceSchema } from './schema/service.ts';

export const CONFIGURATION_VERSION = 1;

const version = required(
  z.literal(CONFIGURATION_VERSION, { error: `expected ${CONFIGURATION_VERSION}` }),
  'The version of this format: 1.',
);
const services = z.record(name, serviceSchema, { error: 'expected a map of services by name' });

const forEditors = optional(word, 'The JSON Schema with which an editor completes and checks; ignored.');

/** The main file. */
export const fileSchema = section({
  $schema: forEditors,
  version,
  host: optional(name, "The name under which snapshots are kept; the machine's host name when not written."),
  stateDir: optional(
    absolutePath,
    'Where the journal and temporary copies are kept; for everybody but root ~/.local/state/holdfast when not written.',
    '/var/lib/holdfast',
  ),
  repositories: optional(
    z.record(name, repositorySchema, { error: 'expected a map of repositories by name' }),
    'The places where copies are kept, by name. At least one, unless all that is declared are gates over units that others made.',
  ),
  defaults: optional(defaultsSchema, 'What holds for every service that does not say otherwise.'),
  protectionClasses: optional(
    z.record(name, protectionClassSchema, { error: 'expected a map of classes by name' }),
    'Named protection policies. critical, standard and ephemeral exist without being written; what is written is put over them.',
  ),
  services: optional(services, 'What is worth keeping, by name.'),
  storage: optional(storageSchema, 'Storage of this host.'),
  replication: optional(replicationSchema, 'Snapshots and replication of filesystems.'),
  offsite: optional(offsiteSchema, 'Copies of whole repositories to somewhere else, by name.'),
  verification: optional(verificationSchema, 'How repositories are verified.'),
  gate: optional(
    gateSchema,
    'Staged runs before a deployment, by name. Where none is called default, that one follows from everything else that is declared.',
  ),
  units: optional(unitsSchema, 'What all jobs that are started by schedule may take from the machine together.'),
  metrics: optional(metricsSchema, 'Metrics.'),
  notifications: optional(notificationsSchema, 'Notifications.'),
  agent: optional(agentSchema, 'The daemon of this host.'),
});

/** A file in services.d/: further services, in the same form as in the main file. */
export const dropInSchema = section({
  $schema: forEditors,
  version: version.optional(),
  services: required(services, 'Further services, by name.'),
});

export type ConfigurationFile = z.infer<typeof fileSchema>;
export type RepositoryFile = z.infer<typeof repositorySchema>;
export type ServiceFile = z.infer<typeof serviceSchema>;
export type PostgresFile = NonNullable<ServiceFile['postgres']>;
export type MariadbFile = NonNullable<ServiceFile['mariadb']>;
export type DefaultsFile = z.infer<typeof defaultsSchema>;
export type GateFile = z.infer<typeof gateSchema>[string];
export type VerificationFile = NonNullable<ConfigurationFile['verification']>;
export type MetricsFile = NonNullable<ConfigurationFile['metrics']>;
export type AgentFile = NonNullable<ConfigurationFile['agent']>;
export type NotificationsFile = NonNullable<ConfigurationFile['notifications']>;
export type ChannelFile = NonNullable<NotificationsFile['channels']>[string];
export type ValidatorFile = NonNullable<NonNullable<ServiceFile['protection']>['validators']>[number];
export type ProtectionClassFile = z.infer<typeof protectionClassSchema>;
