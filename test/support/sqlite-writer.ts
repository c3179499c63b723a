// A child process that commits to a SQLite database without a pause: `node sqlite-writer.ts FILE JOURNAL_MODE`. Each commit
// adds the next number to two tables, so that a torn copy shows, and every commit is told on standard output after it is
// durable. SIGTERM ends it between two commits.

import { DatabaseSync } from 'node:sqlite';

const [file = '', mode = 'wal'] = process.argv.slice(2);
using db = new DatabaseSync(file, { timeout: 30_000 });
db.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = NORMAL`);
db.exec(
  'CREATE TABLE IF NOT EXISTS a (n INTEGER PRIMARY KEY, filler TEXT); CREATE TABLE IF NOT EXISTS b (n INTEGER PRIMARY KEY)',
);
const addA = db.prepare('INSERT INTO a (n, filler) VALUES (?, ?)');
const addB = db.prepare('INSERT INTO b (n) VALUES (?)');
let n = Number(db.prepare('SELECT max(n) AS n FROM a').get()?.['n'] ?? 0);
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());

function commit(): void {
  n += 1;
  db.exec('BEGIN IMMEDIATE');
  addA.run(n, String(n).repeat(200));
  addB.run(n);
  db.exec('COMMIT');
}

while (!stop.signal.aborted) {
  for (let i = 0; i < 5; i += 1) commit();
  process.stdout.write(`${n}\n`);
  await new Promise((next) => setImmediate(next)); // lets the signal in
}
