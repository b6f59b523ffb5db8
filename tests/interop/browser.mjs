// SPDX-License-Identifier: MIT
// Headless Chromium with sip.js against the sandbox and the native client. The sandbox is a B2BUA: what the browser
// shakes hands with is this library's own ICE, DTLS and SRTP, once as DTLS client, once as server.
// usage: node browser.mjs IRISX-SANDBOX IRISX [PATTERN]      (by hand: `npm ci --ignore-scripts` in this folder first)
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program, killAll, must, note, runAll, serveFiles, until, within } from "./browser/harness.mjs";
import { Relay, candidateOf, throughRelay, withoutCandidates } from "./browser/relay.mjs";
import { measure, readWav, writeTone } from "./browser/wav.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const CHROMIUM = process.env.IRISX_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection",
  "--autoplay-policy=no-user-gesture-required",
];
const BROWSER_HZ = 700; // what the browser says
const NATIVE_HZ = 1000; // what the native client says
const AMPLITUDE = 0.4; // of both: 0.283 rms
const NEAR_HZ = 20;
const RMS = [0.17, 0.45]; // 4 dB around it: codecs and resamplers may not change the level
const PURITY = 0.9; // share of the power near the tone
const JITTER = 0.05; // seconds
const LOOKS = 4; // of 341 ms, one after the other
const SANITIZER = /(Address|Leak|Thread)Sanitizer|runtime error:/;
const WAITS = /1000@\S+ waits for a call/;

const [sandboxPath, irisxPath, only = ""] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "irisx-browser-"));
const tone = join(folder, "tone.wav");
const logs = []; // the browser's console
const natives = []; // programs and relays of the scenario that runs
const relays = [];
const dtlsRoles = new Set(); // ours, over all scenarios
let sandbox, ready, files, context, page;

// ---- browser -------------------------------------------------------------------------------------------------------

const phone = {
  // condition: text of an expression over `phone`
  until: (condition, seconds = 15) =>
    until(`browser: ${condition}`, () => page.evaluate((text) => new Function("phone", `return ${text}`)(window.phone), condition), { seconds }),
  call: (number) => page.evaluate((to) => phone.call(to), number),
  do: (verb, ...args) => within(`browser: ${verb}`, page.evaluate(([name, list]) => phone[name](...list), [verb, args])),
};

async function launch() {
  const { chromium } = await import("playwright-core");
  context = await chromium.launchPersistentContext(join(folder, "profile"), {
    executablePath: CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: FLAGS,
    ignoreHTTPSErrors: true, // the certificate is the test's own
    timeout: 60000,
  });
  await context.exposeFunction("outThroughRelay", withoutCandidates);
  await context.exposeFunction("outWithG711", (sdp) => sdp.replace(/^(m=audio \d+ \S+).*$/m, "$1 0"));
  await context.exposeFunction("outWithWrongFingerprint", (sdp) => sdp.replace(/^(a=fingerprint:\S+ ..)/gm, (line) => line.slice(0, -2) + (line.endsWith("00") ? "01" : "00")));
  await context.exposeFunction("outWithNames", (sdp) => sdp.replace(/^(a=candidate:(?:\S+ ){4})\S+/gm, (_, start) => `${start}${randomUUID()}.local`));
  await context.exposeFunction("inThroughRelay", async (sdp) => {
    const relay = await Relay.open(candidateOf(sdp), treat);
    relays.push(relay);
    return throughRelay(sdp, relay.port);
  });
}

// How the relay of the next call treats the fragments of the browser's ClientHello.
let treat = () => "pass";

const wire = (settings) => page.evaluate((given) => Object.assign(window.wire, given), settings);
const straight = () => wire({ out: null, in: null, more: false });

function useRelay(how = () => "pass") {
  treat = how;
  return wire({ out: "outThroughRelay", in: "inThroughRelay" });
}

async function openPage(user) {
  page = await context.newPage();
  page.on("console", (message) => logs.push(message.text()));
  page.on("websocket", (socket) => {
    const first = ({ payload }) => String(payload).split("\r\n", 1)[0]; // the rest may carry credentials
    socket.on("framesent", (frame) => logs.push(`browser > ${first(frame)}`));
    socket.on("framereceived", (frame) => logs.push(`browser < ${first(frame)}`));
  });
  page.on("pageerror", (error) => logs.push(error.stack ?? String(error)));
  await page.goto(`${files.url}/page.html`);
  await phone.until("phone !== undefined");
  await phone.do("start", { server: ready.ws_url, realm: ready.realm, user, password: passwordOf(user) });
  await phone.until("phone.registered || phone.error");
  must(await page.evaluate(() => phone.registered), "the browser was not registered");
}

const passwordOf = (extension) => ready.agents.find((a) => a.extension === extension).password;

// ---- ears ----------------------------------------------------------------------------------------------------------

const inBand = (x, [low, high]) => x >= low && x <= high;
const isTone = (heard, hz) => heard && Math.abs(heard.hz - hz) <= NEAR_HZ && inBand(heard.rms, RMS) && heard.purity >= PURITY;
const show = (heard) => heard && `${heard.hz.toFixed(1)} Hz, rms ${heard.rms.toFixed(3)}, ${(heard.purity * 100).toFixed(1)} % of the power`;

// The browser hears a clean tone of `hz` for LOOKS looks on end. What disturbs it for a moment (the tone before, a machine
// with too much to do) makes it begin anew, until the deadline.
async function browserHears(hz) {
  const length = await page.evaluate(() => phone.window);
  let last = { at: -1 };
  let good = 0;
  const look = async () => {
    must((await page.evaluate(() => phone.state())) === "Established", `the call ended while the browser listened for ${hz} Hz`);
    const heard = await page.evaluate(() => phone.hear());
    if (!heard || heard.at < last.at + (good > 0 ? length : 0)) return false;
    last = heard;
    good = isTone(heard, hz) ? good + 1 : 0;
    return good === LOOKS;
  };
  try {
    await until(`the browser hears ${hz} Hz`, look);
  } catch (e) {
    e.message += `; it heard ${last.at < 0 ? "nothing" : show(last)}`;
    throw e;
  }
  note(`browser hears ${show(last)}`);
}

// A recording of the native client holds the browser's tone: at least half of its fifths of a second, five of them on end.
function recordingHolds(path, hz, seconds) {
  const { seconds: long, gaps, pieces } = measure(readWav(path));
  const good = pieces.map((p) => isTone(p, hz));
  const run = Math.max(0, ...good.join().split("false").map((part) => part.split("true").length - 1));
  const middle = pieces[pieces.length >> 1];
  const count = good.filter(Boolean).length;
  note(`native recording: ${long.toFixed(2)} s of ${middle ? show(middle) : "silence"}; ${gaps} silent windows of 20 ms, ${count} of ${pieces.length} pieces good, ${run} on end`);
  must(long >= seconds, `the recording holds ${long} s of sound, wanted ${seconds}`);
  must(run >= 5 && count >= pieces.length / 2, `only ${count} of ${pieces.length} fifths of a second are ${hz} Hz at the right level`);
}

// What the browser's own statistics say; `role`: ours in DTLS.
async function statsAreGood(role, codec = "audio/opus 48000") {
  const s = await page.evaluate(() => phone.stats());
  const { inbound, transport } = s;
  note(
    `getStats: ${inbound.packetsReceived} packets, ${inbound.packetsLost} lost, jitter ${(inbound.jitter * 1000).toFixed(2)} ms, ` +
      `${inbound.concealedSamples} of ${inbound.totalSamplesReceived} samples concealed (${inbound.silentConcealedSamples} silent), ${s.codec?.mimeType}; ` +
      `browser is DTLS ${transport.dtlsRole} (${transport.tlsVersion}, ${transport.srtpCipher}), ICE ${transport.iceRole}; setup ${s.offer} > ${s.answer}`,
  );
  must(s.connectionState === "connected" && transport.dtlsState === "connected", `connection ${s.connectionState}, DTLS ${transport.dtlsState}`);
  must(`${s.codec?.mimeType} ${s.codec?.clockRate}` === codec, `codec ${JSON.stringify(s.codec)}`);
  must(inbound.packetsReceived > 50, `only ${inbound.packetsReceived} packets`);
  must(inbound.packetsLost === 0, `packets lost: ${JSON.stringify(inbound)}`);
  must(inbound.jitter < JITTER, `jitter ${inbound.jitter} s`);
  must(s.outbound.packetsSent > 50, `only ${s.outbound.packetsSent} packets sent`);
  must(s.offer === "actpass", `the offer has setup:${s.offer}`);
  must(s.answer === (s.offered === (role === "client") ? "active" : "passive"), `the answer has setup:${s.answer}, we are DTLS ${role}`);
  must(transport.dtlsRole === (role === "client" ? "server" : "client"), `the browser is DTLS ${transport.dtlsRole}, as we should be`);
  must(s.offered === (transport.iceRole === "controlling"), `the browser is ICE ${transport.iceRole}`);
  must(transport.srtpCipher === "SRTP_AES128_CM_HMAC_SHA1_80", `cipher ${transport.srtpCipher}`);
  dtlsRoles.add(role);
  return s;
}

// ---- native client -------------------------------------------------------------------------------------------------

function native(...args) {
  const common = ["--ws", ready.ws_url, "--realm", ready.realm, "--user", "1000", "--password-file", "-", "--json"];
  const program = new Program(irisxPath, ["call", ...args, ...common], { input: `${passwordOf("1000")}\n` });
  natives.push(program);
  return program;
}

const media = (name) => ["--play", tone, "--loop", "--record", join(folder, name)];

// Its end with everything well; gives its JSON.
async function nativeIsContent(program) {
  const code = await program.ended();
  must(code === 0, `irisx ended with ${code}`);
  must(!SANITIZER.test(program.err), "a sanitizer has found something in irisx");
  const { call } = JSON.parse(program.out);
  note(`irisx: set-up ${call.setup_ms.toFixed(0)} ms, ${call.packets_sent} packets sent, ${call.packets_received} received, ${call.packets_lost} lost, jitter ${call.jitter_ms.toFixed(1)} ms`);
  must(call.packets_lost === 0 && call.codec.toLowerCase() === "opus", `irisx: ${JSON.stringify(call)}`);
  return call;
}

// ---- scenarios -----------------------------------------------------------------------------------------------------

async function browserCalls(number) {
  await phone.call(number);
  await phone.until("phone.state() === 'Established'");
}

// The browser has sent that much sound; its packets hold 20 ms.
const browserSaid = (seconds) => phone.until(`phone.stats().then((s) => s.outbound.packetsSent >= ${seconds * 50})`);

async function browserHangsUp() {
  await phone.do("hangup");
  await phone.until("phone.state() === 'Terminated'");
}

async function echo() {
  await browserCalls("9196");
  await browserHears(BROWSER_HZ);
  await phone.do("setTone", 850); // its own voice and not something that sounds like it
  await browserHears(850);
  await phone.do("setTone", BROWSER_HZ);
  await statsAreGood("client");
  await browserHangsUp();
}

// RTCP reports go both ways, and what they say of the way out is right.
async function reports() {
  await browserCalls("9196");
  await phone.until("phone.stats().then((s) => s.remoteInbound?.roundTripTime !== undefined && s.remoteOutbound?.packetsSent > 0)", 25);
  const { remoteInbound, remoteOutbound, outbound } = await page.evaluate(() => phone.stats());
  note(
    `the sandbox reports ${remoteInbound.packetsLost} lost, jitter ${(remoteInbound.jitter * 1000).toFixed(2)} ms, round trip ` +
      `${(remoteInbound.roundTripTime * 1000).toFixed(1)} ms; it says it sent ${remoteOutbound.packetsSent}, the browser has sent ${outbound.packetsSent}`,
  );
  must(remoteInbound.packetsLost === 0 && remoteInbound.jitter < JITTER, `reported: ${JSON.stringify(remoteInbound)}`);
  must(remoteInbound.roundTripTime < 0.1, `round trip ${remoteInbound.roundTripTime} s`);
  await browserHangsUp();
}

async function browserCallsNative() {
  const program = native("--answer", ...media("answered.wav"));
  await program.said(WAITS);
  await browserCalls("1000");
  await browserHears(NATIVE_HZ);
  await browserSaid(2);
  await statsAreGood("client");
  await browserHangsUp();
  await nativeIsContent(program);
  recordingHolds(join(folder, "answered.wav"), BROWSER_HZ, 1.5);
}

async function nativeAnswersAndHangsUp() {
  const program = native("--answer", ...media("short.wav"), "--duration", "2");
  await program.said(WAITS);
  await browserCalls("1000");
  await browserHears(NATIVE_HZ);
  await phone.until("phone.state() === 'Terminated'");
  await nativeIsContent(program);
}

async function browserIsCalled(...more) {
  const program = native("1001", ...more);
  await phone.until("phone.state() === 'Initial' && phone.incoming === '1000'");
  return program;
}

async function browserAnswers() {
  await phone.do("answer");
  await phone.until("phone.state() === 'Established'");
}

async function nativeCallsBrowser() {
  const program = await browserIsCalled(...media("dialled.wav"), "--duration", "4");
  await browserAnswers();
  await browserHears(NATIVE_HZ);
  await statsAreGood("server");
  await phone.until("phone.state() === 'Terminated'"); // the native side hangs up
  await nativeIsContent(program);
  recordingHolds(join(folder, "dialled.wav"), BROWSER_HZ, 2);
  must(dtlsRoles.size === 2, `DTLS roles of ours so far: ${[...dtlsRoles]}`);
}

async function browserAnswersAndHangsUp() {
  const program = await browserIsCalled(...media("remote.wav"));
  await browserAnswers();
  await browserHears(NATIVE_HZ);
  await browserHangsUp();
  const call = await nativeIsContent(program);
  must(call.ended_by_peer === true, "irisx does not know who hung up");
}

async function browserDeclines() {
  const program = await browserIsCalled();
  await phone.do("decline", 486);
  const code = await program.ended();
  must(code !== 0 && /"status":486/.test(program.out), `irisx ended with ${code}: ${program.out}`);
}

async function nativeGivesUp() {
  const program = await browserIsCalled();
  program.child.kill("SIGINT");
  await phone.until("phone.state() === 'Terminated'");
  const code = await program.ended();
  must(code === 130, `irisx ended with ${code}`);
}

async function refused(number, status) {
  await phone.call(number);
  await phone.until("phone.state() === 'Terminated'");
  const got = await page.evaluate(() => phone.status);
  must(got === status, `${number}: the browser was told ${got}, not ${status}`);
}

async function refusals() {
  await refused("9486", 486);
  await refused("9404", 404);
  await refused("1002", 480);
}

async function browserGivesUp() {
  await phone.call("9408");
  await phone.until("phone.status === 180 || phone.status === 183");
  await browserHangsUp();
  must((await page.evaluate(() => phone.status)) === 487, "no 487 for the call that was given up");
}

// A new offer within the call, for nothing and for hold, leaves the sound as it was.
async function reinvites() {
  await browserCalls("9196");
  await browserHears(BROWSER_HZ);
  const before = await page.evaluate(() => phone.stats());
  must((await phone.do("reinvite")) === 200, "the re-INVITE was refused");
  await browserHears(BROWSER_HZ);
  must((await phone.do("reinvite", { hold: true })) === 200, "hold was refused");
  must((await phone.do("reinvite", { hold: false })) === 200, "the end of hold was refused");
  await browserHears(BROWSER_HZ);
  const after = await statsAreGood("client");
  must(after.transport.selectedCandidatePairId === before.transport.selectedCandidatePairId, "the media path changed");
  must(after.inbound.ssrc === before.inbound.ssrc, "the stream changed");
  await browserHangsUp();
}

async function digits() {
  const program = native("--answer", ...media("digits.wav"));
  await program.said(WAITS);
  await browserCalls("1000");
  await browserHears(NATIVE_HZ);
  must(await phone.do("digits", "19#"), "the browser cannot send digits");
  await program.said(/digit #/);
  await browserHangsUp();
  const call = await nativeIsContent(program);
  must(call.digits === "19#", `irisx took the digits "${call.digits}"`);
}

// ---- other descriptions ----------------------------------------------------------------------------------------------

async function g711() {
  await wire({ out: "outWithG711" });
  const program = native("--answer", ...media("g711.wav"));
  await program.said(WAITS);
  await browserCalls("1000");
  await browserHears(NATIVE_HZ);
  await browserSaid(2);
  await statsAreGood("client", "audio/PCMU 8000");
  await browserHangsUp();
  await nativeIsContent(program);
  recordingHolds(join(folder, "g711.wav"), BROWSER_HZ, 1.5);
}

async function moreThanAudio() {
  await wire({ more: true });
  await browserCalls("9196");
  await browserHears(BROWSER_HZ);
  const { sdp } = await statsAreGood("client");
  const lines = sdp.remote.match(/^m=.*$/gm).map((line) => line.split(" ", 2).join(" "));
  note(`offered ${sdp.local.match(/^m=\w+/gm).join(" ")}; answered ${lines.join(", ")}, ${/^a=group:.*$/m.exec(sdp.remote)[0]}`);
  must(/^m=video 0,m=audio [1-9]\d*,m=application 0$/.test(lines.join()), `the answer's lines are ${lines}`);
  await browserHangsUp();
}

// As a page without leave to use a microphone writes them; the browser's checks tell its address.
async function namesForAddresses() {
  await wire({ out: "outWithNames" });
  await browserCalls("9196");
  await browserHears(BROWSER_HZ);
  await statsAreGood("client");
  await browserHangsUp();
}

async function wrongFingerprint() {
  await wire({ out: "outWithWrongFingerprint" });
  await phone.call("9196");
  await phone.until("phone.status === 200 && phone.state() === 'Terminated'");
  const [reason, heard] = await page.evaluate(() => [phone.reason, phone.hear()]);
  must(reason === "Q.850;cause=41", `the BYE has Reason: ${reason}`); // temporary failure
  must(/DTLS certificate is not the one it announced/.test(sandbox.err), "the sandbox does not say why");
  must(!heard || heard.rms === 0, "sound came through");
}

// ---- the DTLS handshake on the wire ----------------------------------------------------------------------------------

const spans = (hellos) => hellos.length >= 2 && hellos[0].length > hellos[0].fragment && hellos[1].sequence === hellos[0].sequence;

// The sandbox offers, so the browser is DTLS client; its ClientHello comes in two datagrams, which `how` mistreats.
async function helloInTwo(how) {
  await useRelay(how);
  const program = await browserIsCalled(...media("relay.wav"));
  await browserAnswers();
  await browserHears(NATIVE_HZ);
  await statsAreGood("server");
  await browserHangsUp();
  await nativeIsContent(program);
  const [{ hellos }] = relays;
  note(`ClientHellos of the browser: ${hellos.browser.map((f) => `${f.offset}+${f.fragment} of ${f.length} in ${f.bytes} bytes`).join(", ")}`);
  must(spans(hellos.browser), "the browser's ClientHello did not span two datagrams");
  must(hellos.platform.length === 0, "the platform sent a ClientHello as well");
}

async function helloOfOurs() {
  await useRelay();
  await browserCalls("9196");
  await browserHears(BROWSER_HZ);
  await statsAreGood("client");
  await browserHangsUp();
  const [{ hellos }] = relays;
  note(`ClientHellos of ours: ${hellos.platform.map((f) => `${f.offset}+${f.fragment} of ${f.length} in ${f.bytes} bytes`).join(", ")}`);
  must(hellos.platform.length > 0 && hellos.browser.length === 0, `ClientHellos: ${JSON.stringify(hellos)}`);
}

// The whole of it once more over TLS, with a sandbox and a page of their own.
async function overTls() {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const plain = { page, ready };
  execFileSync("openssl", ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", certificate,
    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], { stdio: "ignore" });
  const secure = new Program(sandboxPath, ["--exit-with-stdin", "--tls-cert", certificate, "--tls-key", key]);
  natives.push(secure);
  try {
    await secure.said(/^\{.*\}\n/);
    ready = JSON.parse(secure.out);
    must(ready.ws_url.startsWith("wss://"), `the sandbox serves ${ready.ws_url}`);
    await openPage("1001");
    const program = native("--answer", ...media("tls.wav"), "--ca-file", certificate);
    await program.said(WAITS);
    await browserCalls("1000");
    await browserHears(NATIVE_HZ);
    await statsAreGood("client");
    await browserHangsUp();
    await nativeIsContent(program);
    const code = await secure.stop();
    must(code === 0 && !SANITIZER.test(secure.err), `the sandbox ended with ${code}\n${secure.err}`);
  } finally {
    if (page !== plain.page) await page.close();
    ({ page, ready } = plain);
  }
}

// Last: both sides let go of everything, and the sanitizers of the sandbox are content.
async function everybodyLeaves() {
  await phone.do("stop");
  await phone.until("!phone.registered");
  await phone.do("disconnect");
  const code = await sandbox.stop(20);
  must(code === 0, `the sandbox ended with ${code}`);
  must(!SANITIZER.test(sandbox.err), "a sanitizer has found something in the sandbox");
}

const scenarios = [
  ["Chromium calls the echo and hears itself", echo],
  ["Chromium calls the native client; the browser hangs up", browserCallsNative],
  ["Chromium calls the native client; the native side hangs up", nativeAnswersAndHangsUp],
  ["the native client calls Chromium; the native side hangs up", nativeCallsBrowser],
  ["the native client calls Chromium; the browser hangs up", browserAnswersAndHangsUp],
  ["a busy number is 486 in the browser, an unknown one 404, an absent agent 480", refusals],
  ["Chromium gives up a call that rings: 487", browserGivesUp],
  ["Chromium declines: the native caller is told 486", browserDeclines],
  ["the native caller gives up: the browser stops ringing", nativeGivesUp],
  ["a re-INVITE, hold and its end leave the sound as it was", reinvites],
  ["digits of the browser arrive at the native client", digits],
  ["RTCP reports go both ways", reports],
  ["G.711 when the browser offers nothing else; the native leg stays Opus", g711],
  ["an offer with video before and a data channel behind the audio line", moreThanAudio],
  ["candidates that are names of multicast DNS", namesForAddresses],
  ["a fingerprint that is not the browser's: the call ends", wrongFingerprint],
  ["as DTLS client we send the ClientHello", helloOfOurs],
  ["as DTLS server we take Chromium's ClientHello from two datagrams", () => helloInTwo(() => "pass")],
  ["... when the second overtakes the first", () => helloInTwo((_, index) => (index === 0 ? "hold" : "pass"))],
  ["... when the second is lost once", () => helloInTwo((_, index) => (index === 1 ? "drop" : "pass"))],
  ["over wss, the browser and the native client alike", overTls],
  ["the browser unregisters and leaves, the sandbox ends cleanly", everybodyLeaves],
];

// ---- frame ---------------------------------------------------------------------------------------------------------

async function setUp() {
  must(existsSync(join(HERE, "node_modules", "sip.js")), "node_modules is missing: ./dev test interop, or npm ci --ignore-scripts in tests/interop");
  must(existsSync(CHROMIUM), `${CHROMIUM} is missing: apt-get install chromium`);
  try {
    setPriority(-10); // for all that is started from here: sound needs its turn on a busy machine
  } catch {
    // only root may
  }
  mkdirSync(join(folder, "profile"));
  writeTone(tone, { hz: NATIVE_HZ, seconds: 2, amplitude: AMPLITUDE });
  sandbox = new Program(sandboxPath, ["--exit-with-stdin", "--log", process.env.IRISX_LOG ?? "info"]);
  await sandbox.said(/^\{.*\}\n/);
  ready = JSON.parse(sandbox.out.split("\n")[0]);
  files = await serveFiles({ "/": join(HERE, "browser"), "/sip.js/": join(HERE, "node_modules", "sip.js", "lib") });
  await launch();
  await openPage("1001");
}

async function afterScenario(failed) {
  const texts = failed ? [...natives.map((p) => p.text()), sandbox.err.slice(-4000), `--- browser\n${logs.join("\n").slice(-4000)}`] : [];
  for (const { datagrams, rtp, jumps } of relays)
    for (const side of ["browser", "platform"])
      note(`relay: ${datagrams[side]} datagrams of the ${side}, ${rtp[side]} of them RTP with ${jumps[side]} jumps`);
  for (const program of natives.splice(0)) await program.stop();
  for (const relay of relays.splice(0)) relay.close();
  await straight();
  if (failed) await page.evaluate((hz) => phone.setTone(hz) && phone.hangup(), BROWSER_HZ).catch(() => {}); // it may not be in a call at all
  logs.length = 0;
  return texts.join("\n");
}

async function tearDown() {
  await context?.close();
  files?.close();
  await sandbox?.stop();
  rmSync(folder, { recursive: true, force: true });
}

for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    killAll();
    process.exit(1);
  });

let good = false;
try {
  await setUp();
  good = await runAll(scenarios.filter(([name]) => new RegExp(only).test(name)), afterScenario);
} catch (e) {
  console.log(`Bail out! ${e.message}`);
  note(`${e.stack}\n${sandbox?.err ?? ""}\n${logs.join("\n")}`);
} finally {
  await tearDown().catch((e) => {
    console.log(`Bail out! ${e.message}`);
    good = false;
  });
}
process.exit(good ? 0 : 1);
