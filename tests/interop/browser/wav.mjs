// SPDX-License-Identifier: MIT
// WAV files of the test: a tone written, a recording measured.
import { readFileSync, writeFileSync } from "node:fs";

export function writeTone(path, { hz, seconds, amplitude, rate = 16000 }) {
  const count = Math.round(seconds * rate);
  const file = Buffer.alloc(44 + 2 * count);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + 2 * count, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; i++)
    file.writeInt16LE(Math.round(32767 * amplitude * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + 2 * i);
  writeFileSync(path, file);
}

// {rate, samples} of a mono file of 16-bit PCM
export function readWav(path) {
  const file = readFileSync(path);
  if (file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE") throw new Error(`${path}: not a WAV`);
  let rate = 0;
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString("latin1", at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, at + 8 + size);
    if (id === "fmt ") {
      if (body.readUInt16LE(2) !== 1 || body.readUInt16LE(14) !== 16) throw new Error(`${path}: not mono with 16 bits`);
      rate = body.readUInt32LE(4);
    }
    if (id === "data")
      return { rate, samples: Float32Array.from({ length: body.length >> 1 }, (_, i) => body.readInt16LE(2 * i) / 32768) };
    at += 8 + size + (size & 1);
  }
  throw new Error(`${path}: no data`);
}

export const rms = (samples) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length));

// Power of one frequency (Goertzel), in the unit of rms squared.
function powerAt(samples, rate, hz) {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let [s1, s2] = [0, 0];
  for (const x of samples) [s1, s2] = [x + turn * s1 - s2, s1];
  return (2 * (s1 * s1 + s2 * s2 - turn * s1 * s2)) / (samples.length * samples.length);
}

// The loudest frequency between 100 and 3000 Hz and its share of the power.
function loudest(samples, rate) {
  let best = { hz: 0, power: 0 };
  const look = (from, to, step) => {
    for (let hz = from; hz <= to; hz += step) {
      const power = powerAt(samples, rate, hz);
      if (power > best.power) best = { hz, power };
    }
  };
  look(100, 3000, 5);
  look(best.hz - 5, best.hz + 5, 0.5);
  return { hz: best.hz, purity: best.power / Math.max(1e-12, rms(samples) ** 2) };
}

// Of the part from the first to the last 20 ms with sound: its seconds, the share of its 20 ms windows that are silent,
// and of each fifth of a second its loudest frequency (median, worst) and level.
export function measure({ rate, samples }) {
  const step = rate / 50;
  const windows = Array.from({ length: Math.floor(samples.length / step) }, (_, i) => samples.subarray(i * step, (i + 1) * step));
  const loud = windows.map((w) => rms(w) > 0.05);
  const [first, last] = [loud.indexOf(true), loud.lastIndexOf(true)];
  if (first < 0) return { seconds: 0, gaps: 0, pieces: [] };
  const active = loud.slice(first, last + 1);
  const pieces = [];
  for (let i = first; i + 10 <= last + 1; i += 10) {
    const piece = samples.subarray(i * step, (i + 10) * step);
    pieces.push({ rms: rms(piece), ...loudest(piece, rate) });
  }
  return { seconds: active.length / 50, gaps: active.filter((x) => !x).length, pieces };
}
