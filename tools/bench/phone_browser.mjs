// SPDX-License-Identifier: MIT
// Dial to first decoded audio of Chromium with sip.js, for the phone benchmark: the page of tests/interop calls the echo.
// usage: node phone_browser.mjs INTEROP-FOLDER WS-URL REALM USER CALLS <password     prints {"calls":[ms, ...]}
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, server, realm, user, count] = process.argv.slice(2);
const password = readFileSync(0, "utf8").trim();
const interop = resolve(folder);
const { chromium } = createRequire(join(interop, "package.json"))("playwright-core");
const { serveFiles, until } = await import(pathToFileURL(join(interop, "browser", "harness.mjs")));
const profile = mkdtempSync(join(tmpdir(), "irisx-bench-"));
const files = await serveFiles({ "/": join(interop, "browser"), "/sip.js/": join(interop, "node_modules", "sip.js", "lib") });
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.IRISX_CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  chromiumSandbox: false,
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required"],
});

// In the page: from the call to the first samples that the jitter buffer gave out and that were not made up.
const measure = async (number) => {
  const began = performance.now();
  const calling = phone.call(number);
  for (;;) {
    const connection = phone.session?.sessionDescriptionHandler?.peerConnection;
    const stats = connection ? [...(await connection.getStats()).values()] : [];
    const heard = stats.find((s) => s.type === "inbound-rtp" && s.totalSamplesReceived > (s.concealedSamples ?? 0));
    if (heard) break;
    if (performance.now() > began + 20000) throw new Error("nothing was heard within 20 s");
    await new Promise((later) => setTimeout(later, 1));
  }
  const spent = performance.now() - began;
  await calling;
  return spent;
};

try {
  const page = await context.newPage();
  await page.goto(`${files.url}/page.html`);
  await until("the page", () => page.evaluate(() => window.phone !== undefined));
  await page.evaluate((account) => phone.start(account), { server, realm, user, password });
  await until("registered", () => page.evaluate(() => phone.registered));
  const calls = [];
  for (let i = 0; i < Number(count); i++) {
    calls.push(await page.evaluate(measure, "9196"));
    await until("established", () => page.evaluate(() => phone.state() === "Established"));
    await page.evaluate(() => phone.hangup());
    await until("the end", () => page.evaluate(() => phone.state() === "Terminated"));
  }
  console.log(JSON.stringify({ calls }));
} finally {
  await context.close();
  files.close();
  rmSync(profile, { recursive: true, force: true });
}
