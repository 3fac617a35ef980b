// Bidirectional and other invisible controls can make text read as something else: they are shown, not obeyed.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Text of people and models, safe to read: hidden characters appear as their code point. */
export const visible = (text: string): string =>
  text.replaceAll('\r\n', '\n').replace(HIDDEN, (c) => `[U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`);

/** Visible text of at most `max` characters; never cut inside a surrogate pair. */
export const clip = (text: string, max: number): string => {
  const shown = visible(text);
  return shown.length <= max
    ? shown
    : `${shown
        .slice(0, max - 1)
        .toWellFormed()
        .replace(/\ufffd$/, '')}…`;
};

/** Like `clip`, for evidence: says how much is not shown. */
export const excerpt = (text: string, max: number): string =>
  visible(text).length <= max
    ? visible(text)
    : `${clip(text, max)} [${figure(visible(text).length - max)} more characters are in the file]`;

/** `HoldBlueprint` → `Hold blueprint`, `HoldStage1` → `Hold stage 1`. */
export const stateLabel = (name: string): string => {
  const words = name
    .replace(/([a-z0-9])([A-Z])|([a-z])(?=\d)/g, (_, end, start, letter) => (letter ? `${letter} ` : `${end} ${start}`))
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** `intent_guard` → `Intent guard`. */
export const heading = (key: string): string => {
  const words = keyLabel(key);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** `max_drawdown` → `max drawdown`. */
export const keyLabel = (key: string): string => clip(key.replaceAll('_', ' '), 60);

const UNITS: [limit: number, seconds: number, name: string][] = [
  [90, 1, 's'],
  [90 * 60, 60, 'min'],
  [36 * 3600, 3600, 'h'],
  [Number.POSITIVE_INFINITY, 86400, 'd'],
];

/** Seconds as one rounded figure: `42 s`, `3 min`, `5 h`, `12 d`. */
export const duration = (seconds: number): string => {
  const [, unit, name] = UNITS.find(([limit]) => seconds < limit) ?? [0, 86400, 'd'];
  return `${Math.round(seconds / unit)}\u00a0${name}`;
};

/** `3 min ago`, `in 29 d`, `just now`. */
export const relative = (at: string, now: Date): string => {
  const seconds = (now.getTime() - Date.parse(at)) / 1000;
  if (Number.isNaN(seconds)) return '';
  if (Math.abs(seconds) < 5) return 'just now';
  return seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`;
};

/** `2026-01-01 09:30:00 UTC`. */
export const exact = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

/** `512 B`, `14.2 KB`, `3.1 MB` (powers of 1000). */
export const fileSize = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
};

/** A number to read: grouped from 10,000 on, four digits after the point, a real minus sign. */
export const figure = (value: number): string => plain(value).replace(/^-/, '−');

const plain = (value: number): string => {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return Math.abs(value) < 10_000 ? String(value) : value.toLocaleString('en-US');
  const size = Math.abs(value);
  if (size < 0.0001) return value.toExponential(2);
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 1000 ? 2 : 4, useGrouping: size >= 10_000 });
};

/** Dollars to read; below a cent, to a hundredth of one. */
export const usdFigure = (value: number): string => value.toFixed(value !== 0 && value < 0.01 ? 4 : 2);

export const usd = (value: number): string => `${usdFigure(value)}\u00a0USD`;
