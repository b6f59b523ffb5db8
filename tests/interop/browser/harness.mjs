// SPDX-License-Identifier: MIT
// What the scenarios stand on: TAP, deadlines, programs that are ended by the handle they were started with, files over HTTP.
import { spawn } from "node:child_process";
import { createReadStream, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { extname, join, normalize } from "node:path";

const STARVED = 0.9; // share of the time
const TRIES = 3;

export class Failure extends Error {}

export function must(condition, text) {
  if (!condition) throw new Failure(text);
}

// Awaits what `condition` returns until it is truthy; asks again every `every` ms until the deadline.
export async function until(what, condition, { seconds = 15, every = 20 } = {}) {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Failure(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

export async function within(what, promise, seconds = 15) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failure(`${what}: not within ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

// ---- TAP -----------------------------------------------------------------------------------------------------------

export function note(text) {
  for (const line of text.split("\n")) console.log(`# ${line}`);
}

// How long, in microseconds, something has waited for a processor since the machine was started; 0: the kernel keeps no count.
function starvation() {
  try {
    return Number(/some .* total=(\d+)/.exec(readFileSync("/proc/pressure/cpu", "latin1"))[1]);
  } catch {
    return 0;
  }
}

// {problem, log, seconds, starved}; `starved`: at nearly every moment something waited for a processor, so that nothing
// can be said about sound.
async function attempt(run, after) {
  const [began, waited] = [performance.now(), starvation()];
  let problem = null;
  try {
    await run();
  } catch (e) {
    problem = e;
  }
  const starved = (starvation() - waited) / 1000 / (performance.now() - began);
  const log = await after(problem !== null).catch((e) => ((problem ??= e), ""));
  return { problem, log, starved, seconds: (performance.now() - began) / 1000 };
}

// scenarios: [name, function]; `after` cleans up after each and gives what to show when it failed. True: all passed. What
// fails on a machine that has no time is tried again.
export async function runAll(scenarios, after) {
  let good = true;
  console.log(`1..${scenarios.length}`);
  for (const [index, [name, run]] of scenarios.entries()) {
    let result = await attempt(run, after);
    for (let tries = 1; result.problem && result.starved > STARVED && tries < TRIES; tries++) {
      note(`again, for the processors were wanted by others ${(result.starved * 100).toFixed(0)} % of the time: ${result.problem.message}`);
      result = await attempt(run, after);
    }
    const { problem, log, seconds } = result;
    console.log(`${problem ? "not ok" : "ok"} ${index + 1} - ${name} (${seconds.toFixed(1)} s)`);
    if (problem) note(`${problem instanceof Failure ? problem.message : problem.stack}\n${log}`);
    good = good && !problem;
  }
  return good;
}

// ---- programs ------------------------------------------------------------------------------------------------------

const running = new Set();

// A program whose output is kept. `said(pattern)` waits for a line, `ended()` for its end.
export class Program {
  constructor(path, args, { input = null } = {}) {
    this.name = path.split("/").pop();
    this.out = "";
    this.err = "";
    this.code = null; // exit status, or the signal's name
    this.child = spawn(path, args, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(this);
    this.child.stdin.on("error", () => {}); // it may end before it has read
    if (input !== null) this.child.stdin.end(input);
    this.child.stdout.on("data", (data) => (this.out += data));
    this.child.stderr.on("data", (data) => (this.err += data));
    this.closed = once(this.child, "close").then(([code, signal]) => {
      this.code = code ?? signal;
      running.delete(this);
    });
    this.closed.catch(() => {}); // "error": told by whoever waits
  }

  async said(pattern, seconds = 20) {
    await until(`${this.name} says ${pattern}`, () => {
      if (pattern.test(this.out) || pattern.test(this.err)) return true;
      must(this.code === null, `${this.name} ended (${this.code}) without ${pattern}\n${this.text()}`);
      return false;
    }, { seconds });
    return pattern.exec(this.out) ?? pattern.exec(this.err);
  }

  async ended(seconds = 20) {
    await within(`end of ${this.name}`, this.closed, seconds);
    return this.code;
  }

  // SIGTERM, and SIGKILL for one that does not listen
  async stop(seconds = 10) {
    if (this.code !== null) return this.code;
    this.child.kill("SIGTERM");
    try {
      return await this.ended(seconds);
    } catch (e) {
      this.child.kill("SIGKILL");
      throw e;
    }
  }

  text() {
    return `--- ${this.name}, status ${this.code}\n${this.out.slice(-1500)}${this.err.slice(-4000)}`;
  }
}

export function killAll() {
  for (const program of running) program.child.kill("SIGKILL");
}

// ---- files ---------------------------------------------------------------------------------------------------------

const TYPES = { ".html": "text/html; charset=utf-8", ".mjs": "text/javascript", ".js": "text/javascript" };

// Serves folders on loopback: {"/": folder, "/sip.js/": folder}; gives {url, close}.
export async function serveFiles(folders) {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    const prefix = Object.keys(folders).filter((p) => path.startsWith(p)).sort((a, b) => b.length - a.length)[0];
    const file = createReadStream(join(folders[prefix], path.slice(prefix.length)));
    file.on("error", () => response.writeHead(404).end());
    file.on("open", () => response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }));
    file.pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
