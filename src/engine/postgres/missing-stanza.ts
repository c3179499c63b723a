// What is said of a repository that answers and does not have the stanza, or has no backup any more: the same wherever it is found.

import type { EngineService } from './access.ts';

/** `recorded`: backups went there; null: that was not looked up. A new stanza in the place of a lost one would hide the loss. */
export const missingStanza = (
  { service, postgres }: EngineService,
  key: number,
  recorded: boolean | null,
): { readonly message: string; readonly hint: string } => ({
  message: `repository ${key} does not have the stanza ${postgres.stanza}`,
  hint:
    recorded === true
      ? LOST
      : `If it was there before, find out why it is gone before anything else: is its filesystem mounted? If the repository is new: holdfast postgres configure ${service.name}`,
});

export const LOST =
  'Backups are on record there: find out why they are gone before anything else. Is its filesystem mounted (findmnt)? Has somebody emptied it?';
