/* A short sound with each warning, so that a child who looks away notices. A parent may switch it off on this screen. */

const KEY = "sandglass.silent";
const NOTES_HZ = { 15: [660], 5: [660, 520] };
const NOTE_SECONDS = 0.25;

export function isSoundOn() {
  try {
    return localStorage.getItem(KEY) === null;
  } catch (_error) {
    return true;
  }
}

export function setSound(isOn) {
  try {
    if (isOn) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, "yes");
  } catch (_error) {
    // a browser that keeps nothing: it lasts as long as the page, which is not at all
  }
}

export function chime(threshold) {
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!Context || !isSoundOn()) return;
  try {
    const context = new Context();
    NOTES_HZ[threshold].forEach((hertz, n) => play(context, hertz, context.currentTime + n * NOTE_SECONDS));
    setTimeout(() => context.close(), 2000);
  } catch (_error) {
    // without sound the words are there all the same
  }
}

function play(context, hertz, at) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.15, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + NOTE_SECONDS);
  tone.connect(volume);
  volume.connect(context.destination);
  tone.start(at);
  tone.stop(at + NOTE_SECONDS);
}
