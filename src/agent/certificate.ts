// The certificate and the key that the agent shows on the network.

import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { AgentConfig } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Throws `config` when one cannot be read, others can read the key, or they do not belong together. */
export function readCertificate({ certificateFile, keyFile }: NonNullable<AgentConfig['tcp']>): Certificate {
  const cert = read(certificateFile);
  const key = read(keyFile);
  if ((statSync(keyFile).mode & 0o007) !== 0)
    throw wrong(keyFile, 'everybody on this machine can read it', `Close it: chmod 600 ${shellWord(keyFile)}`);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw wrong(certificateFile, `it cannot be used with ${keyFile}: ${said}`, 'Both are PEM, and belong together.');
  }
  return { cert, key };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw wrong(file, error instanceof Error ? error.message : String(error), 'See `agent.tcp` in the configuration.');
  }
}

const wrong = (file: string, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'config', operation: 'use', subject: file, message: `${file}: ${message}`, hint });
