// `config check|show|schema`: whether the configuration is right, what it comes to, and its JSON Schema for editors.

import { Command } from '@commander-js/extra-typings';
import type { ConfigProblem } from '../config/configuration.ts';
import type { ReadConfiguration } from '../config/load.ts';
import { EXIT } from '../domain/exit-code.ts';
import type { JsonObject } from '../lib/json.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { lookupOf } from './create-context.ts';

export const configCommand: CommandFactory = (context) => {
  const config = new Command('config').description('check, show and describe the configuration');
  config
    .command('check')
    .description('say whether it is right, and everything that is not with file:line:column (exit 78)')
    .action(() => check(context()));
  config
    .command('show')
    .description('the effective configuration, each value with its origin')
    .action(() => show(context()));
  config
    .command('schema')
    .description('the JSON Schema, with which an editor completes and checks')
    .option('--services', 'the schema of the files in services.d instead')
    .action((options) => schema(context(), options.services === true));
  return config;
};

async function check(context: CliContext): Promise<void> {
  const { describeProblem } = await import('../config/problems.ts');
  const read = await readConfiguration(context);
  for (const warning of read.warnings) context.warn(describeProblem(warning));
  if (!context.options.json) await refuseProblems(read);
  context.result(renderCheck(read), checkJson(read));
  if (read.errors.length > 0) context.exitCode = EXIT.config;
}

async function show(context: CliContext): Promise<void> {
  const read = await readConfiguration(context);
  await refuseProblems(read);
  const { explainConfiguration, explainedJson, explainedYaml } = await import('../config/explain.ts');
  if (read.entries === null) return; // refuseProblems has thrown
  const values = explainConfiguration(read.entries);
  context.result(`${SCHEMA_LINE}\n${explainedYaml(values)}`, {
    schemaVersion: 1,
    files: read.files,
    ...explainedJson(values),
  });
}

async function schema(context: CliContext, services: boolean): Promise<void> {
  const { configurationJsonSchema } = await import('../config/json-schema.ts');
  const document = configurationJsonSchema(services ? 'services' : 'file');
  context.result(JSON.stringify(document, null, 2), document);
}

/** In the first line of a generated file: editors then complete it. The schema is written with `holdfast config schema`. */
export const SCHEMA_LINE = '# yaml-language-server: $schema=holdfast.schema.json';

async function readConfiguration(context: CliContext): Promise<ReadConfiguration> {
  const { readConfiguration: read } = await import('../config/load.ts');
  return read({ ...lookupOf(context.options), stateDir: context.options.stateDir, signal: context.signal });
}

async function refuseProblems(read: ReadConfiguration): Promise<void> {
  if (read.errors.length === 0) return;
  const { ConfigurationError } = await import('../config/problems.ts');
  throw new ConfigurationError(read.file, read.errors);
}

/** One sentence that says what was found to be right. */
export function renderCheck(read: ReadConfiguration): string {
  const services = read.configuration?.services.size ?? 0;
  const repositories = read.configuration?.repositories.size ?? 0;
  const more = read.files.length > 1 ? ` and ${count(read.files.length - 1, 'file')} in services.d` : '';
  const warnings = read.warnings.length === 0 ? '' : `, but ${count(read.warnings.length, 'warning')}`;
  return `${read.file}${more}: in order, with ${count(services, 'service')} and ${count(repositories, 'repository', 'repositories')}${warnings}`;
}

const count = (amount: number, one: string, many = `${one}s`): string => `${amount} ${amount === 1 ? one : many}`;

/** The answer of `config check --json`, whether something is wrong or not. */
export function checkJson(read: ReadConfiguration): JsonObject {
  return {
    schemaVersion: 1,
    valid: read.errors.length === 0,
    exitCode: read.errors.length === 0 ? EXIT.ok : EXIT.config,
    files: read.files,
    services: [...(read.configuration?.services.keys() ?? [])],
    repositories: [...(read.configuration?.repositories.keys() ?? [])],
    errors: read.errors.map(problemJson),
    warnings: read.warnings.map(problemJson),
  };
}

const problemJson = ({ file, line, column, path, message }: ConfigProblem): JsonObject => ({
  file,
  line,
  column,
  path,
  message,
});
