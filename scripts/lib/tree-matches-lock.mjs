// Exits 0 when node_modules holds what package-lock.json says. Runs on the machine's own Node.js, so it is plain JavaScript.

import { readFileSync } from 'node:fs';
import { argv, exit } from 'node:process';

const root = argv[2];
const locked = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')).packages;
// npm's record of what it installed. A package that it left out as optional (another system's binaries) is not in it.
const installed = JSON.parse(readFileSync(`${root}/node_modules/.package-lock.json`, 'utf8')).packages;

const isSame = (path) =>
  installed[path] !== undefined && locked[path].integrity === installed[path].integrity && isOnDisk(path);
const isOnDisk = (path) => JSON.parse(readFileSync(`${root}/${path}/package.json`, 'utf8')).version === locked[path].version;
const isFine = (path) => isSame(path) || (locked[path].optional === true && installed[path] === undefined);

const wanted = Object.keys(locked).filter((path) => path !== '');
const surplus = Object.keys(installed).filter((path) => locked[path] === undefined);
exit(wanted.every(isFine) && surplus.length === 0 ? 0 : 1);
