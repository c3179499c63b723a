// A process that serves S3 on a free port until its standard input ends; it says which. `node s3-process.ts BUCKET [PORT]`

import { startFauxqs } from 'fauxqs';

const [bucket = '', port = '0'] = process.argv.slice(2);
const server = await startFauxqs({ port: Number(port), logger: false, init: { buckets: [bucket] } });
process.stdout.write(`${server.port}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
