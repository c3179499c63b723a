// Waiting for a file that another process makes.

import { mkdirSync, watch } from 'node:fs';

/** Resolves when `condition` holds; looks whenever something in the directory changes. */
export const appears = (directory: string, condition: () => boolean): Promise<void> => {
  mkdirSync(directory, { recursive: true });
  return new Promise((done) => {
    const look = (): void => {
      if (!condition()) return;
      watcher.close();
      done();
    };
    const watcher = watch(directory, look);
    look();
  });
};
