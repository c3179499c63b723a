// What `restic check` and `restic find --pack` say of a repository, on what two versions really printed.

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { EVERYTHING, type Slice } from '../../../src/domain/verification.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { checkArgs, type CheckFlaw, CheckOutput } from '../../../src/tools/restic/check.ts';
import { findPacksArgs, parseFindPacks, parseUnknownPacks } from '../../../src/tools/restic/find-packs.ts';
import { parseList } from '../../../src/tools/restic/list.ts';
import { recordedVersions, recording } from './recordings.ts';

const failsAs =
  (code: string, message?: RegExp) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code && (message === undefined || message.test(error.message));

function read(
  { exitCode, lines = [], errorLines = [] }: { exitCode: number; lines?: readonly string[]; errorLines?: readonly string[] },
  slice: Slice | null = null,
  onProgress?: (done: number, total: number, what: string) => void,
): readonly CheckFlaw[] {
  const output = new CheckOutput('nas', { slice, cache: false }, onProgress);
  for (const line of lines) output.line(line);
  for (const line of errorLines) output.errorLine(line);
  return output.answer(exitCode, errorLines.slice(-20)).flaws;
}

const ID = 'a'.repeat(64);
const concluded = (...errorLines: string[]) => ({
  exitCode: 1,
  errorLines: [...errorLines, 'Fatal: repository contains errors'],
});

for (const version of recordedVersions) {
  const flawsOf = (name: string, slice: Slice | null = null): string[] =>
    read(recording(version, name), slice).map(({ directory, name: file, problem }) => {
      assert.match(file, /^([0-9a-f]{8,64})?$/);
      return `${directory} ${problem}${file.length === 64 ? '' : file === '' ? '' : ' (short)'}`;
    });

  describe(`restic ${version}`, () => {
    it('finds nothing wrong with a whole repository, and says how far it is', () => {
      const seen: string[] = [];
      assert.deepEqual(read(recording(version, 'check')), []);
      assert.deepEqual(read(recording(version, 'check-part'), { index: 1, of: 2 }), []);
      assert.deepEqual(
        read(recording(version, 'check-all'), EVERYTHING, (done, total, what) => seen.push(`${done} of ${total} ${what}`)),
        [],
      );
      assert.deepEqual(seen, ['2 of 2 snapshots', '4 of 4 packs']);
    });

    it('names each kind of damage', () => {
      assert.deepEqual(flawsOf('check-pack-flipped-unread'), []);
      assert.deepEqual(flawsOf('check-pack-flipped', EVERYTHING), ['data damaged']);
      assert.deepEqual(flawsOf('check-pack-cut', EVERYTHING), ['data damaged']);
      assert.deepEqual(flawsOf('check-pack-missing', EVERYTHING), ['data missing']);
      assert.deepEqual(flawsOf('check-trees-missing'), ['data missing']);
      assert.deepEqual(flawsOf('check-index-flipped'), ['index damaged']);
      assert.deepEqual(flawsOf('check-index-missing'), ['structure missing']);
      assert.deepEqual(flawsOf('check-config-flipped'), ['config damaged']);
      assert.deepEqual(
        flawsOf('check-key-flipped').map((flaw) => flaw.replace(' (short)', '')),
        ['keys damaged'],
      );
      for (const name of ['check-trees-flipped', 'check-snapshot-empty']) assert.equal(flawsOf(name).length, 1, name);
      assert.match(flawsOf('check-trees-flipped')[0] ?? '', /^data damaged/);
      assert.match(flawsOf('check-snapshot-empty')[0] ?? '', /^snapshots damaged/);
    });

    it('knows nothing of a repository over which restic crashed', () => {
      assert.throws(() => flawsOf('check-config-cut'), failsAs('tool-failed', /crashed/));
    });

    it('finds the files that lie in a damaged pack', () => {
      const { paths, unreadable } = parseFindPacks(recording(version, 'find-packs').stdout, 'nas');
      assert.equal(paths.size, 2);
      for (const [snapshot, files] of paths) {
        assert.match(snapshot, /^[0-9a-f]{64}$/);
        assert.ok(files.has('/recorded/source/new\nline'), [...files].join());
      }
      assert.equal(unreadable.size, 0);
    });

    it('tells the snapshots whose directories it cannot follow, between the files of the others', () => {
      const { paths, unreadable } = parseFindPacks(recording(version, 'find-packs-trees').stdout, 'nas');
      assert.equal(unreadable.size, 1);
      const others = [...paths].filter(([snapshot]) => !unreadable.has(snapshot));
      assert.equal(others.length, 1);
      assert.ok(others[0]?.[1].has('/recorded/source/plain'));
    });

    it('names the packs that it knows nothing of', () => {
      assert.deepEqual(parseUnknownPacks(recording(version, 'find-packs-unknown').errorLines), ['f'.repeat(64)]);
    });

    it('lists names', () => {
      assert.equal(parseList(recording(version, 'list-packs').stdout, 'nas').length, 4);
      assert.throws(() => parseList('unable to open\n', 'nas'), failsAs('tool-output'));
    });
  });
}

describe('what restic check says', () => {
  it('is no success without the words for it', () => {
    assert.throws(() => read({ exitCode: 0 }), failsAs('tool-output'));
    assert.throws(() => read({ exitCode: 0, lines: ['no errors were found'] }, EVERYTHING), failsAs('tool-output'));
  });

  it('is damage also where it names nothing that is known', () => {
    assert.deepEqual(read(concluded('something new is wrong')), [{ directory: 'structure', name: '', problem: 'damaged' }]);
  });

  it('is worth nothing when not everything could be read', () => {
    const missing = `pack ${ID}: does not exist`;
    const lines = [
      'download error: dial tcp 10.0.0.1:8000: connect: connection refused',
      'download error: unexpected HTTP response (503): 503 Service Unavailable',
      'Load(<data/aaaaaaaaaa>, 0, 0) failed: read /r/data: stale NFS file handle',
    ];
    for (const line of lines) assert.throws(() => read(concluded(missing, line)), failsAs('repository-unreachable'), line);
    const denied = `Load(<data/aaaaaaaaaa>, 0, 0) failed: open /r/data/aa/${ID}: permission denied`;
    assert.throws(() => read(concluded(denied)), failsAs('permission-denied'));
  });

  it('is read without the names of files, which may be anything', () => {
    const named = `  tree ${ID}: file "connection refused \\" timeout" blob ${ID} not found in index`;
    assert.deepEqual(read(concluded(named)), [{ directory: 'structure', name: '', problem: 'missing' }]);
  });

  it('may be about sizes that look like answers of a server', () => {
    const cut = `pack ${ID}: unexpected file size: got 500, expected 403`;
    assert.deepEqual(read(concluded(cut)), [{ directory: 'data', name: ID, problem: 'damaged' }]);
  });

  it('is told once for each file, by its longest name', () => {
    const short = '  decrypting blob <tree/d4af8c37> from aaaaaaaa failed: ciphertext verification failed';
    const long = `pack ${ID} contains 2 errors: [blob ${ID}: decrypting blob <tree/d4af8c37> from aaaaaaaa failed]`;
    const expected = [{ directory: 'data', name: ID, problem: 'damaged' }];
    assert.deepEqual(read(concluded(short, long)), expected);
    assert.deepEqual(read(concluded(long, short)), expected);
  });

  it('is a file that a failing disk does not give, not a repository that is gone', () => {
    const line = `download error: read /r/data/aa/${ID}: input/output error`;
    assert.deepEqual(read(concluded(line)), [{ directory: 'data', name: ID, problem: 'damaged' }]);
  });

  it('is a wrong password, a lock or a missing repository, and no damage', () => {
    for (const [name, code] of [
      ['wrong-password', 'wrong-password'],
      ['missing', 'repository-missing'],
      ['locked', 'repository-locked'],
    ] as const) {
      assert.throws(() => read(recording('0.18.0', name)), failsAs(code), name);
    }
  });
});

test('a check never asks the cache of backups, and a search for packs asks none at all', () => {
  assert.deepEqual(checkArgs({ slice: { index: 3, of: 10 }, cache: false }), [
    'check',
    '--no-cache',
    '--read-data-subset=3/10',
  ]);
  assert.deepEqual(checkArgs({ slice: null, cache: true }), ['check']);
  assert.ok(findPacksArgs([ID]).includes('--no-cache'));
});
