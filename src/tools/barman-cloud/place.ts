// Where barman-cloud keeps the backups and the log of one server, and how its programs are told: the same words for those that we run
// and for those that the server itself runs. Secrets are in files that boto3 reads; nothing of them is in a word.

import { quote, shellWord } from '../../lib/shell-word.ts';

export interface ObjectPlace {
  /** 's3://bucket/path' */
  readonly destination: string;
  /** barman's name for the server, a directory below. */
  readonly serverName: string;
  /** Null: Amazon's own. */
  readonly endpointUrl: string | null;
  /** A section of the credentials file; null: `default`. */
  readonly profile: string | null;
  /** As `aws` has it; null: where boto3 looks for the user of the server. */
  readonly credentialsFile: string | null;
}

/** In front of what is specific to a program. */
export const connectionArgs = ({ endpointUrl, profile }: ObjectPlace): string[] => [
  ...(endpointUrl === null ? [] : ['--endpoint-url', endpointUrl]),
  ...(profile === null ? [] : ['--profile', profile]),
];

export const placeArgs = ({ destination, serverName }: ObjectPlace): string[] => [destination, serverName];

/** The directory of the server, as records call the place. */
export const placeName = ({ destination, serverName }: Pick<ObjectPlace, 'destination' | 'serverName'>): string =>
  `${destination.replace(/\/+$/, '')}/${serverName}`;

/** They would win over a file, or lead to another account than the server's own. */
const CHOOSING = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_DEFAULT_PROFILE'];

/** Without HOME Python asks who it is: the home of the user whom it runs as, not of whoever called us. */
export const objectEnvironment = (
  { credentialsFile }: ObjectPlace,
  inherited: NodeJS.ProcessEnv = process.env,
): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.keys(inherited).flatMap((name) => (name.startsWith('AWS_') ? [[name, undefined]] : []))),
  HOME: undefined,
  ...(credentialsFile === null ? {} : { AWS_SHARED_CREDENTIALS_FILE: credentialsFile }),
});

/** The same for a shell that somebody else runs: a server. */
export function shellWords(place: ObjectPlace, program: string, args: readonly string[]): string {
  const { credentialsFile } = place;
  const without = ['HOME', ...CHOOSING].flatMap((name) => ['-u', name]);
  const files = credentialsFile === null ? [] : [`AWS_SHARED_CREDENTIALS_FILE=${quote(credentialsFile)}`];
  const words = [program, ...connectionArgs(place), ...args, ...placeArgs(place)].map(shellWord);
  return ['env', ...without, ...files, ...words].join(' ');
}
