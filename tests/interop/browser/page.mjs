// SPDX-License-Identifier: MIT
// The browser's phone: sip.js, an oscillator as microphone, an analyser as ear. The test drives `phone` from outside.
import { Inviter, Registerer, RegistererState, SessionState, UserAgent, Web } from "/sip.js/index.js";

const FFT = 16384; // 341 ms at 48 kHz
const NEAR_HZ = 20;

const audio = new AudioContext({ sampleRate: 48000 });

function makeMicrophone() {
  const tone = new OscillatorNode(audio, { frequency: 700 });
  const level = new GainNode(audio, { gain: 0.4 });
  const out = new MediaStreamAudioDestinationNode(audio, { channelCount: 1 });
  tone.connect(level).connect(out);
  tone.start();
  return { tone, level, stream: out.stream };
}

const microphone = makeMicrophone();

// A session ends its tracks; each gets its own.
const microphoneStream = async () => microphone.stream.clone();

// ---- what goes over the wire ---------------------------------------------------------------------------------------

// SDP passes `wire.out` and `wire.in` (names of functions the test has exposed; null: untouched).
const wire = (window.wire = { out: null, in: null, more: false });

// With `wire.more` an offer has a video line before the audio line and a data channel behind it.
function addMore(connection) {
  if (!wire.more || connection.getTransceivers().length > 0) return;
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.createDataChannel("more");
}

function descriptionHandlers() {
  const make = Web.defaultSessionDescriptionHandlerFactory(microphoneStream);
  return (session, options) => {
    const handler = make(session, options);
    const get = handler.getDescription.bind(handler);
    const set = handler.setDescription.bind(handler);
    handler.getDescription = async (...rest) => {
      addMore(handler.peerConnection);
      const description = await get(...rest);
      if (wire.out) description.body = await window[wire.out](description.body);
      return description;
    };
    handler.setDescription = async (sdp, ...rest) => set(wire.in ? await window[wire.in](sdp) : sdp, ...rest);
    return handler;
  };
}

// ---- the phone -----------------------------------------------------------------------------------------------------

const phone = {
  registered: false,
  transport: "",
  session: null,
  incoming: "", // user who calls
  status: 0, // last final or provisional status of our INVITE
  reason: "", // Reason of the BYE that ended the last session
  error: "",
};
window.phone = phone;

let agent;
let registerer;
let ear; // {source, analyser} of the present session

function follow(session) {
  phone.session = session;
  phone.reason = "";
  session.delegate = {
    onBye(bye) {
      phone.reason = bye.incomingByeRequest.message.getHeader("Reason") ?? "";
      bye.accept();
    },
  };
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) listenTo(session);
  });
}

function onInvite(invitation) {
  phone.incoming = invitation.remoteIdentity.uri.user;
  follow(invitation);
}

phone.start = async ({ server, realm, user, password }) => {
  await audio.resume();
  agent = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${realm}`),
    transportOptions: { server },
    authorizationUsername: user,
    authorizationPassword: password,
    logLevel: "warn",
    sessionDescriptionHandlerFactory: descriptionHandlers(),
    sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] } },
    delegate: { onInvite },
  });
  await agent.start();
  registerer = new Registerer(agent);
  registerer.stateChange.addListener((state) => {
    phone.registered = state === RegistererState.Registered;
  });
  await registerer.register({
    requestDelegate: { onReject: (response) => (phone.error = `REGISTER: ${response.message.statusCode}`) },
  });
};

phone.stop = async () => {
  await registerer.unregister();
};

phone.disconnect = () => agent.stop();

phone.call = async (number) => {
  const target = UserAgent.makeURI(`sip:${number}@${agent.configuration.uri.host}`);
  const inviter = new Inviter(agent, target);
  phone.status = 0;
  follow(inviter);
  const heard = (response) => (phone.status = response.message.statusCode);
  await inviter.invite({ requestDelegate: { onProgress: heard, onAccept: heard, onReject: heard } });
};

phone.answer = () => phone.session.accept();
phone.decline = (statusCode) => phone.session.reject({ statusCode });
phone.state = () => (phone.session ? phone.session.state : "");

phone.hangup = async () => {
  if (phone.session.state === SessionState.Established) await phone.session.bye();
  else if (phone.session instanceof Inviter) await phone.session.cancel();
};

// A re-INVITE of ours with a new offer; resolves with the status of its final response.
phone.reinvite = (options = {}) =>
  new Promise((resolve, reject) => {
    const done = (response) => resolve(response.message.statusCode);
    phone.session
      .invite({ sessionDescriptionHandlerOptions: options, requestDelegate: { onAccept: done, onReject: done } })
      .catch(reject);
  });

phone.digits = (tones) => phone.session.sessionDescriptionHandler.sendDtmf(tones, { duration: 100, interToneGap: 60 });

phone.setTone = (hz) => microphone.tone.frequency.setValueAtTime(hz, audio.currentTime);

// ---- the ear -------------------------------------------------------------------------------------------------------

function listenTo(session) {
  const handler = session.sessionDescriptionHandler;
  const speaker = document.getElementById("speaker");
  ear?.source.disconnect();
  speaker.srcObject = handler.remoteMediaStream; // Chromium decodes only what an element plays
  speaker.volume = 0;
  const source = new MediaStreamAudioSourceNode(audio, { mediaStream: handler.remoteMediaStream });
  const analyser = new AnalyserNode(audio, { fftSize: FFT, smoothingTimeConstant: 0, minDecibels: -120 });
  source.connect(analyser);
  ear = { source, analyser };
}

const power = (db) => 10 ** (db / 10);

// The loudest frequency, by a parabola through three bins, and the share of the power within NEAR_HZ of it.
function spectrum(analyser) {
  const db = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(db);
  const width = audio.sampleRate / FFT;
  let top = 2;
  for (let i = 2; i < db.length - 1; i++) if (db[i] > db[top]) top = i;
  const [a, b, c] = [db[top - 1], db[top], db[top + 1]];
  const bend = a - 2 * b + c;
  const hz = (top + (bend ? (a - c) / (2 * bend) : 0)) * width;
  let all = 0;
  let near = 0;
  for (let i = 2; i < db.length; i++) {
    const p = power(db[i]);
    all += p;
    if (Math.abs(i * width - hz) <= NEAR_HZ) near += p;
  }
  return { hz, purity: all > 0 ? near / all : 0 };
}

function level(analyser) {
  const samples = new Float32Array(FFT);
  analyser.getFloatTimeDomainData(samples);
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / FFT);
}

// One look at the last 341 ms of what is heard.
phone.hear = () => {
  if (!ear) return null;
  return { at: audio.currentTime, rms: level(ear.analyser), ...spectrum(ear.analyser) };
};

phone.window = FFT / audio.sampleRate;

// ---- what the browser says of it -----------------------------------------------------------------------------------

function setupOf(description) {
  return /^a=setup:(\w+)/m.exec(description?.sdp ?? "")?.[1] ?? "";
}

phone.stats = async () => {
  const connection = phone.session.sessionDescriptionHandler.peerConnection;
  const all = [...(await connection.getStats()).values()];
  const one = (type, more = () => true) => all.find((s) => s.type === type && more(s));
  const inbound = one("inbound-rtp");
  const offered = connection.localDescription.type === "offer";
  return {
    inbound,
    outbound: one("outbound-rtp"),
    remoteInbound: one("remote-inbound-rtp"),
    remoteOutbound: one("remote-outbound-rtp"),
    codec: one("codec", (s) => s.id === inbound?.codecId),
    transport: one("transport"),
    connectionState: connection.connectionState,
    offered,
    offer: setupOf(offered ? connection.localDescription : connection.remoteDescription),
    answer: setupOf(offered ? connection.remoteDescription : connection.localDescription),
    sdp: { local: connection.localDescription.sdp, remote: connection.remoteDescription.sdp },
  };
};
