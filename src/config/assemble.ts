// One configuration from its parsed files: validated against the schema, services gathered, resolved, cross-checked.

import type { Json, JsonObject } from '../lib/json.ts';
import type { ConfigProblem, Configuration } from './configuration.ts';
import { crossCheck } from './cross-check.ts';
import type { SourceDocument } from './document.ts';
import type { EffectiveEntries } from './effective.ts';
import { nearest } from './nearest.ts';
import { portableText } from './portable.ts';
import { formatPath, problem, sortProblems } from './problems.ts';
import { type DeclaredService, resolveConfiguration, shortName } from './resolve.ts';
import { CONFIGURATION_VERSION, type ConfigurationFile, dropInSchema, fileSchema } from './schema.ts';
import type { SecretFile } from './secret-files.ts';
import { validate } from './validate.ts';

/** Either a configuration, or the problems that prevent one (`errors` is then not empty). */
export interface Assembled {
  /** The main file. */
  readonly file: string;
  readonly files: readonly string[];
  readonly configuration: Configuration | null;
  readonly entries: EffectiveEntries | null;
  readonly errors: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
  /** Not yet looked at. */
  readonly secretFiles: readonly SecretFile[];
}

export interface AssembleInput {
  readonly main: SourceDocument;
  readonly dropIns: readonly SourceDocument[];
  /** Problems of reading that do not prevent looking for more. */
  readonly errors: readonly ConfigProblem[];
  readonly host: string;
  readonly stateDir: string;
  readonly stateDirOption?: string | undefined;
}

export function assemble(input: AssembleInput): Assembled {
  const main = withoutExtensions(input.main);
  const files = [main.file, ...input.dropIns.map(({ file }) => file)];
  const errors = [...input.errors];
  const warnings: ConfigProblem[] = [];
  const secretFiles: SecretFile[] = [];
  const answer = (resolved: ReturnType<typeof resolveConfiguration> | null): Assembled => {
    const usable = resolved !== null && errors.length === 0;
    return {
      file: main.file,
      files,
      configuration: usable ? { ...resolved.configuration, portable: portableText(resolved.entries) } : null,
      entries: usable ? resolved.entries : null,
      errors: sortProblems(errors, main.file),
      warnings: sortProblems(warnings, main.file),
      secretFiles,
    };
  };

  const refusal = wrongDocument(main);
  if (refusal) errors.push(refusal);
  if (refusal && !isMeant(main)) return answer(null);
  const checked = validate(refusal ? inOurVersion(main) : main, fileSchema);
  errors.push(...checked.problems);
  const leftOut = new Set(checked.leftOut);
  if (input.errors.length > 0) leftOut.add('services'); // those of a file in services.d that cannot be read
  const misspelt = new Set(checked.misspelt);
  const services: DeclaredService[] = declared(checked.value?.services ?? {}, main);
  for (const document of input.dropIns) {
    const more = validate(withoutExtensions(document), dropInSchema);
    errors.push(...more.problems);
    for (const path of more.leftOut) leftOut.add(path);
    for (const path of more.misspelt) misspelt.add(path);
    for (const service of declared(more.value?.services ?? {}, document)) {
      const first = services.find(({ name }) => name === service.name);
      if (first) errors.push(declaredTwice(service, first));
      else services.push(service);
    }
  }
  if (!checked.value) return answer(null);
  const resolved = resolveConfiguration({
    main,
    file: checked.value,
    services,
    files,
    host: input.host,
    stateDir: input.stateDir,
    stateDirOption: input.stateDirOption,
  });
  const found = crossCheck({ main, file: checked.value, services, resolved, leftOut });
  const isSure = ({ path }: ConfigProblem): boolean => !misspelt.has(path);
  errors.push(...found.errors.filter(isSure));
  warnings.push(...found.warnings.filter(isSure));
  secretFiles.push(...found.secretFiles);
  return answer(resolved);
}

/** Without the top-level keys x-*, which are the writer's own: a place for YAML anchors. */
function withoutExtensions(document: SourceDocument): SourceDocument {
  if (!isMap(document.data)) return document;
  const ours = Object.entries(document.data).filter(([key]) => !key.startsWith('x-'));
  return { ...document, data: Object.fromEntries(ours) };
}

/** Of the right version, badly written: whatever else is wrong with it can be told too. */
const isMeant = ({ data }: SourceDocument): boolean =>
  isMap(data) && 'repositories' in data && Number(data['version'] ?? CONFIGURATION_VERSION) === CONFIGURATION_VERSION;

const inOurVersion = (document: SourceDocument): SourceDocument => ({
  ...document,
  data: { ...(document.data as JsonObject), version: CONFIGURATION_VERSION }, // isMeant has seen that it is a map
});

const isMap = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Not a configuration of ours at all: one sentence says more than a list of unknown keys. */
function wrongDocument(main: SourceDocument): ConfigProblem | null {
  const { data, file } = main;
  if (!isMap(data)) {
    return problem(
      file,
      'this is not a configuration: expected a map with version, repositories and services',
      '',
      main.locate([]),
    );
  }
  const version = data['version'];
  if (version === CONFIGURATION_VERSION) return null;
  if (version === undefined) {
    const near = nearest('version', Object.keys(data));
    const typo = near ? `; did you mean it by '${near}'?` : '';
    return problem(
      file,
      `is missing: write 'version: ${CONFIGURATION_VERSION}' at the top${typo}`,
      'version',
      main.locate(near ? [near] : []),
    );
  }
  const found =
    typeof version === 'number' || typeof version === 'string' ? JSON.stringify(version).slice(0, 40) : 'something else';
  return problem(
    file,
    `expected ${CONFIGURATION_VERSION}, found ${found}: this Holdfast reads version ${CONFIGURATION_VERSION} of the format`,
    'version',
    main.locate(['version']),
  );
}

const declared = (services: NonNullable<ConfigurationFile['services']>, document: SourceDocument): DeclaredService[] =>
  Object.entries(services).map(([name, value]) => ({ name, value, document }));

function declaredTwice(second: DeclaredService, first: DeclaredService): ConfigProblem {
  const path = ['services', second.name];
  const at = first.document.locate(path);
  const place = `${shortName(first.document.file)}${at ? `:${at.line}` : ''}`;
  return problem(
    second.document.file,
    `the service is declared twice, first in ${place}`,
    formatPath(path),
    second.document.locate(path),
  );
}
