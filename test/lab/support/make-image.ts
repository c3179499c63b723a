// Makes the image of a small recipe: `make-image.ts CACHE KITCHEN [hang]`. Each making adds a line to KITCHEN/makings; one that
// hangs says so, and stays.

import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { image, type Recipe } from '../../../lab/image/image.ts';

const MAKING_TIME = 300; // milliseconds: long enough for another to come

export const smallRecipe = (kitchen: string, begun: () => Promise<void>): Recipe => ({
  name: 'small',
  ingredients: ['flour'],
  make: async (directory) => {
    appendFileSync(join(kitchen, 'makings'), 'making\n');
    writeFileSync(join(directory, 'half'), '');
    await begun();
    writeFileSync(join(directory, 'whole'), '');
  },
});

if (import.meta.main) {
  const [images = '', kitchen = '', hang] = process.argv.slice(2);
  const begun = async (): Promise<void> => {
    console.log('begun');
    await delay(hang === undefined ? MAKING_TIME : 2 ** 30);
  };
  const recipe = smallRecipe(kitchen, begun);
  await image(recipe, { images, runs: '' }, () => {}, new AbortController().signal);
}
