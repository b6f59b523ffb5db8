// SPDX-License-Identifier: MIT
// Node's fetch beside the library in the REST benchmark; jobs and answers as rest_job.h says.
// usage: node rest_fetch.mjs BASE_URL
import readline from 'node:readline';

const KEY = 'irisx_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const CALL = '/v1/calls/CA0123456789abcdef0123456789abcdef';
const MESSAGE = { from: '+12025550101', to: '+12025550199', message: 'hello from the benchmark' };
const base = process.argv[2];

async function one(post) {
    const response = await fetch(base + (post ? '/v1/sms/send' : CALL), {
        method: post ? 'POST' : 'GET',
        headers: { accept: 'application/json', 'x-api-key': KEY, ...(post && { 'content-type': 'application/json' }) },
        body: post ? JSON.stringify(MESSAGE) : undefined,
    });
    const value = await response.json();
    if (response.status !== 200 || !(post ? value.sms.sid : value.sid)) throw new Error('not the answer expected');
}

for await (const line of readline.createInterface({ input: process.stdin })) {
    const [verb, count, flight] = line.split(' ');
    let left = Number(count);
    const cpu = process.cpuUsage(), from = performance.now();
    const lane = async () => { while (left-- > 0) await one(verb === 'post'); };
    await Promise.all(Array.from({ length: Number(flight) }, lane));
    const used = process.cpuUsage(cpu);
    console.log(JSON.stringify({ requests: Number(count), cpu_us: used.user + used.system,
        wall_us: (performance.now() - from) * 1000 }));
}
