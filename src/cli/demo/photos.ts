// The files of the demo: a photo library as they really are, with names from several cameras, systems and decades.

import { randomBytes, randomInt } from 'node:crypto';
import { chmod, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ALBUMS = [
  '2009/Omas 80. Geburtstag',
  '2014/São Miguel — Açores',
  '2019/Summer in Åland (2)',
  '2021/"Best of", unsorted & raw',
  '2023/京都の桜',
  '2024/New baby 👶',
  '2024/-- scans --',
] as const;
const PHOTOS_EACH = 40;

/** Names that programs have stumbled over; the last is not even text. */
const ODD_NAMES: readonly (string | Buffer)[] = [
  '-rf.jpg',
  'line\nbreak.jpg',
  ' leading and trailing .jpg ',
  "it's *not* a [pattern]?.jpg",
  '$HOME `id` %s.jpg',
  'back\\slash.jpg',
  Buffer.from('caf\xe9 1998.jpg', 'latin1'),
];

/** Fills `directory`, which must not exist. */
export async function makePhotos(directory: string): Promise<void> {
  await Promise.all(ALBUMS.map((album, index) => makeAlbum(join(directory, album), index)));
  const odd = join(directory, '1998/from an old disk');
  await mkdir(odd, { recursive: true });
  await Promise.all(ODD_NAMES.map((name) => writePhoto(Buffer.concat([Buffer.from(`${odd}/`), Buffer.from(name)]), 1998)));

  const favourites = join(directory, 'favourites');
  await mkdir(favourites);
  await link(join(directory, ALBUMS[4], 'DSC_4003.jpg'), join(favourites, 'wallpaper.jpg'));
  await symlink(join('..', ALBUMS[2]), join(favourites, 'last summer'));
  await symlink('/media/old-camera/DCIM', join(favourites, 'camera (gone)'));

  const letters = join(directory, 'private');
  await mkdir(letters);
  await writeFile(join(letters, 'passport.pdf'), randomBytes(120_000), { mode: 0o600 });
  await chmod(letters, 0o700);
  await mkdir(join(directory, 'to sort'));
  await writeFile(join(directory, '.nomedia'), '');
}

async function makeAlbum(album: string, number: number): Promise<void> {
  await mkdir(album, { recursive: true });
  const year = Number(/(\d{4})\/[^/]*$/.exec(album)?.[1]);
  const photos = Array.from({ length: PHOTOS_EACH }, (_, index) => `DSC_${number}${String(index).padStart(3, '0')}`);
  await Promise.all(
    photos.map(async (name, index) => {
      await writePhoto(Buffer.from(join(album, `${name}.jpg`)), year);
      if (index % 8 === 0) await writeFile(join(album, `${name}.xmp`), sidecar(name), { mode: 0o640 });
      if (index % 20 === 0) await chmod(join(album, `${name}.jpg`), 0o444); // an original that nothing should change
    }),
  );
}

/** What a JPEG begins and ends with, and as incompressible in between. */
async function writePhoto(path: Buffer, year: number): Promise<void> {
  const picture = randomBytes(randomInt(4_000, 40_000));
  await writeFile(path, Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), picture, Buffer.from([0xff, 0xd9])]));
  const taken = new Date(Date.UTC(year, randomInt(12), randomInt(1, 28), randomInt(24), randomInt(60), randomInt(60)));
  await utimes(path, taken, taken);
}

const sidecar = (name: string): string =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><title>${name}</title><rating>${randomInt(6)}</rating></x:xmpmeta>\n`;
