// holdfast agent token: making, listing and taking back what others show to the agent.

import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { CAPABILITIES, type Capability, isCapability } from '../domain/capability.ts';
import type { Duration } from '../domain/duration.ts';
import { formatInstant, later } from '../domain/instant.ts';
import type { Token } from '../engine/tokens/token.ts';
import { usage } from './ad-hoc.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { localMinute } from '../domain/local-time.ts';
import { durationOption } from './options.ts';
import { renderTable } from './table.ts';

export const tokenCommand: CommandFactory = (context) => {
  const token = new Command('token').description('tokens for the agent');
  token
    .command('create')
    .description('make a token; it is shown once and kept nowhere')
    .requiredOption('--scope <scope,...>', `what it is good for: ${CAPABILITIES.join(', ')}`, scopesArgument)
    .addOption(durationOption('--expires <duration>', 'how long it is good for, such as 90d (required, or --never-expires)'))
    .option('--never-expires', 'it is good until it is revoked')
    .option('--name <name>', 'what it is called in lists and in the audit')
    .action((options) => create(context(), options));
  token
    .command('list')
    .description('list the tokens, without their secrets')
    .action(() => list(context()));
  token
    .command('revoke')
    .description('take a token back: from now on it opens nothing')
    .argument('<token>', 'its id or name')
    .action((which) => revoke(context(), which));
  return token;
};

function scopesArgument(text: string): Capability[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !isCapability(name));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`no scope is called ${wrong}; there are: ${CAPABILITIES.join(', ')}`);
  return CAPABILITIES.filter((each) => names.includes(each));
}

interface CreateOptions {
  readonly scope: readonly Capability[];
  readonly expires?: Duration | undefined;
  readonly neverExpires?: true | undefined;
  readonly name?: string | undefined;
}

async function create(cli: CliContext, { scope, expires, neverExpires, name }: CreateOptions): Promise<void> {
  if ((expires === undefined) === (neverExpires === undefined))
    throw usage('say how long the token is good for: --expires or --never-expires', 'For instance --expires 90d.');
  const { stateDir } = await cli.configuration();
  const { createToken } = await import('../engine/tokens/token-store.ts');
  const now = cli.clock.now();
  const wanted = {
    name: name ?? `${scope.join('+')}-${formatInstant(now).slice(0, 10)}`,
    scopes: scope,
    expiresAt: expires === undefined ? null : later(now, expires),
  };
  const { token, text } = await createToken(stateDir, wanted, now, cli.signal);
  await audited(cli, stateDir, 'token-created', token);
  cli.result(text, { schemaVersion: 1, kind: 'agent-token', token: text, ...shown(token) });
  cli.note('It is shown this once only. Use it as: Authorization: Bearer <token>');
}

async function list(cli: CliContext): Promise<void> {
  const { stateDir } = await cli.configuration();
  const { readTokens } = await import('../engine/tokens/token-store.ts');
  const tokens = readTokens(stateDir);
  const now = cli.clock.now();
  const stateOf = ({ revokedAt, expiresAt }: Token): string => {
    if (revokedAt !== null) return `revoked ${localMinute(revokedAt)}`;
    if (expiresAt === null) return 'good until revoked';
    return expiresAt <= now ? `expired ${localMinute(expiresAt)}` : `good until ${localMinute(expiresAt)}`;
  };
  const columns = [{ title: 'ID' }, { title: 'NAME' }, { title: 'SCOPES' }, { title: 'STATE' }];
  const rows = tokens.map((token) => [token.id, token.name, token.scopes.join(','), stateOf(token)]);
  const human = tokens.length === 0 ? 'There is no token.' : renderTable(columns, rows);
  cli.result(human, { schemaVersion: 1, kind: 'agent-tokens', tokens: tokens.map(shown) });
}

async function revoke(cli: CliContext, which: string): Promise<void> {
  const { stateDir } = await cli.configuration();
  const { readTokens, revokeToken } = await import('../engine/tokens/token-store.ts');
  const token = await revokeToken(stateDir, which, cli.clock.now(), cli.signal);
  if (!token) return await tellNotRevoked(cli, which, readTokens(stateDir));
  await audited(cli, stateDir, 'token-revoked', token);
  cli.result(`${token.id} (${token.name}) is revoked.`, { schemaVersion: 1, kind: 'agent-token', ...shown(token) });
}

/** What shall be is so already, or there never was such a token. */
async function tellNotRevoked(cli: CliContext, which: string, tokens: readonly Token[]): Promise<void> {
  const revoked = tokens.findLast(({ id, name }) => id === which || name === which);
  if (revoked && revoked.revokedAt !== null) {
    const text = `${revoked.id} (${revoked.name}) was revoked already: ${localMinute(revoked.revokedAt)}.`;
    cli.result(text, { schemaVersion: 1, kind: 'agent-token', ...shown(revoked) });
    return;
  }
  const { unknownName } = await import('../engine/select.ts');
  const names = tokens.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name);
  throw unknownName('token', which, names);
}

async function audited(cli: CliContext, stateDir: string, event: string, { id, name, scopes }: Token): Promise<void> {
  const { openAudit } = await import('../engine/tokens/audit.ts');
  const failed = (error: unknown): void => cli.warn(`the audit cannot be written: ${String(error)}`);
  openAudit(stateDir, cli.clock, failed)({ event, by: 'command line', token: id, name, scopes: [...scopes] });
}

/** Never its hash. */
const shown = ({ id, name, scopes, createdAt, expiresAt, revokedAt }: Token) => ({
  id,
  name,
  scopes,
  createdAt: formatInstant(createdAt),
  expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
  revokedAt: revokedAt === null ? null : formatInstant(revokedAt),
});
