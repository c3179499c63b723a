// Says what is missing here for the kinds of hosts that it is given.

import { type Kind, missingFor } from '../../../lab/requirements.ts';

const [first = 'container', ...others] = process.argv.slice(2) as Kind[]; // of tests
console.log(missingFor(first, ...others));
