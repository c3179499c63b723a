import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { image, imageKey, imagePath } from '../../../lab/image/image.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { smallRecipe } from '../support/make-image.ts';

const MAKE = join(import.meta.dirname, '../support/make-image.ts');
const NEVER = new AbortController().signal;

/** A cache, which has only images, and how often one was made in it. */
function kitchen(): Disposable & {
  images: string;
  runs: string;
  makings: () => number;
  start: (...args: string[]) => ReturnType<typeof spawn>;
} {
  const [images, place] = [temporaryDirectory(), temporaryDirectory()];
  return {
    images: images.path,
    runs: '',
    makings: () => readFileSync(join(place.path, 'makings'), 'utf8').split('\n').length - 1,
    start: (...args) =>
      spawn(process.execPath, [MAKE, images.path, place.path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }),
    [Symbol.dispose]: () => {
      images[Symbol.dispose]();
      place[Symbol.dispose]();
    },
  };
}

const recipeIn = (cache: { images: string }, begun = async (): Promise<void> => {}) => smallRecipe(cache.images, begun);

/** What is there but locks. */
const imagesIn = ({ images }: { images: string }): string[] =>
  readdirSync(images).filter((name) => !name.endsWith('.lock') && name !== 'makings');

test('an image is made once, and then it is there', async () => {
  using cache = kitchen();
  const said: string[] = [];
  const path = await image(recipeIn(cache), cache, (line) => said.push(line), NEVER);
  assert.equal(await image(recipeIn(cache), cache, (line) => said.push(line), NEVER), path);
  assert.deepEqual(readdirSync(path).toSorted(), ['half', 'whole']);
  assert.match(said.join('\n'), /^making the image small-[0-9a-f]{16}\nmade the image small-[0-9a-f]{16} in \d+ s$/);
});

test('another ingredient is another image', async () => {
  using cache = kitchen();
  const recipe = recipeIn(cache);
  assert.notEqual(imageKey(recipe), imageKey({ ...recipe, ingredients: ['flour', 'salt'] }));
  assert.notEqual(imageKey(recipe), imageKey({ ...recipe, name: 'large' }));
});

test('two who want the same image at once make it once, and both have it', async () => {
  using cache = kitchen();
  const codes = await Promise.all(
    [cache.start(), cache.start()].map(async (maker) => (await once(maker, 'close'))[0] as number),
  ); // an exit code
  assert.deepEqual(codes, [0, 0]);
  assert.equal(cache.makings(), 1);
  assert.deepEqual(imagesIn(cache), [imageKey(recipeIn(cache))]);
});

test('an image whose maker was killed is not believed, and the next one who wants it makes it', async () => {
  using cache = kitchen();
  const maker = cache.start('hang');
  await once(maker.stdout ?? maker, 'data');
  const waiting = image(recipeIn(cache), cache, () => {}, NEVER);
  maker.kill('SIGKILL');
  await once(maker, 'close');
  const path = await waiting;
  assert.deepEqual(readdirSync(path).toSorted(), ['half', 'whole']);
  assert.deepEqual(imagesIn(cache), [basename(path)]);
});

test('a killed maker leaves what it has begun under no name that is an image', async () => {
  using cache = kitchen();
  const maker = cache.start('hang');
  await once(maker.stdout ?? maker, 'data');
  maker.kill('SIGKILL');
  await once(maker, 'close');
  assert.deepEqual(imagesIn(cache), [`${imageKey(recipeIn(cache))}.making-${maker.pid}`]);
});

test('a recipe that fails leaves nothing, and may be tried again', async () => {
  using cache = kitchen();
  const failing = recipeIn(cache, async () => await Promise.reject(new Error('the oven is cold')));
  await assert.rejects(
    image(failing, cache, () => {}, NEVER),
    /the oven is cold/,
  );
  assert.deepEqual(imagesIn(cache), []);
  await image(recipeIn(cache), cache, () => {}, NEVER);
  assert.deepEqual(imagesIn(cache), [basename(imagePath(recipeIn(cache), cache))]);
});

test('an image that was deleted is made again', async () => {
  using cache = kitchen();
  const path = await image(recipeIn(cache), cache, () => {}, NEVER);
  rmSync(path, { recursive: true });
  assert.equal(await image(recipeIn(cache), cache, () => {}, NEVER), path);
  assert.deepEqual(readdirSync(path).toSorted(), ['half', 'whole']);
});
