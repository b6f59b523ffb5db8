// SPDX-License-Identifier: MIT
// A UDP relay between the browser and the platform: sees every datagram, reads the DTLS handshake (RFC 6347 section 4)
// and can treat the datagrams of the browser's first ClientHello badly.
import { createSocket } from "node:dgram";
import { once } from "node:events";

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 13;

async function bound() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

// The handshake message a datagram begins with, if it is an unencrypted one.
function handshake(data) {
  if (data.length < RECORD_HEADER + 12 || data[0] !== HANDSHAKE || data.readUInt16BE(3) !== 0) return null;
  const body = data.subarray(RECORD_HEADER);
  return {
    type: body[0],
    length: body.readUIntBE(1, 3),
    sequence: body.readUInt16BE(4),
    offset: body.readUIntBE(6, 3),
    fragment: body.readUIntBE(9, 3),
    bytes: data.length,
  };
}

export class Relay {
  #near; // faces the browser
  #far = new Map(); // one socket that faces the platform for each socket of the browser, as a NAT has it
  #held = null;
  #last = {};

  // treat: (fragment of a ClientHello of the browser, its index) => "pass" | "drop" | "hold" (until the next one went)
  static async open(target, treat = () => "pass") {
    const relay = new Relay();
    relay.target = target;
    relay.treat = treat;
    relay.hellos = { browser: [], platform: [] }; // fragments of ClientHellos, in the order of their arrival
    relay.datagrams = { browser: 0, platform: 0 };
    relay.rtp = { browser: 0, platform: 0 }; // packets
    relay.jumps = { browser: 0, platform: 0 }; // of their sequence numbers, as sent
    relay.#near = await bound();
    relay.port = relay.#near.address().port;
    relay.#near.on("message", (data, from) => relay.#fromBrowser(data, from));
    return relay;
  }

  close() {
    this.#near.close();
    for (const far of this.#far.values()) far.close();
  }

  #note(side, data) {
    this.datagrams[side]++;
    // RTP but not RTCP, RFC 5761 section 4
    if (data[0] >> 6 === 2 && (data[1] < 192 || data[1] > 223)) this.#sequence(side, data.readUInt16BE(2));
    const message = handshake(data);
    if (message?.type !== CLIENT_HELLO) return null;
    this.hellos[side].push(message);
    return message;
  }

  #sequence(side, number) {
    this.rtp[side]++;
    if (side in this.#last && ((this.#last[side] + 1) & 0xffff) !== number) this.jumps[side]++;
    this.#last[side] = number;
  }

  #farOf({ address, port }) {
    const key = `${address} ${port}`;
    let far = this.#far.get(key);
    if (far) return far;
    far = createSocket("udp4");
    far.bind(0, "127.0.0.1"); // what is sent before it is bound waits for it
    far.on("message", (data) => {
      this.#note("platform", data);
      this.#near.send(data, port, address);
    });
    this.#far.set(key, far);
    return far;
  }

  #fromBrowser(data, from) {
    const forward = (datagram) => this.#farOf(from).send(datagram, this.target.port, this.target.address);
    const hello = this.#note("browser", data);
    const verdict = hello ? this.treat(hello, this.hellos.browser.length - 1) : "pass";
    if (verdict === "drop") return;
    if (verdict === "hold") {
      this.#held = data;
      return;
    }
    forward(data);
    if (hello && this.#held) {
      forward(this.#held);
      this.#held = null;
    }
  }
}

const CANDIDATE = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*\r?\n/im;

export const withoutCandidates = (sdp) => sdp.replace(/^a=candidate:.*\r?\n/gim, "");

// The address of the platform's first IPv4 candidate.
export function candidateOf(sdp) {
  const found = CANDIDATE.exec(sdp);
  if (!found) throw new Error(`no IPv4 host candidate in\n${sdp}`);
  return { address: found[1], port: Number(found[2]) };
}

// The same description, its only candidate being the relay.
export function throughRelay(sdp, port) {
  const line = `a=candidate:1 1 udp 2130706431 127.0.0.1 ${port} typ host\r\n`;
  let placed = false;
  return sdp.replace(/^a=candidate:.*\r?\n/gim, () => {
    if (placed) return "";
    placed = true;
    return line;
  });
}
