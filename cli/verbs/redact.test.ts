import { expect, test } from 'vitest';
import { cli } from '../testing/world.ts';

const SAID = 'password=abc cookie=sid=123 token=xyz';

const typed = (text: string) => {
  const chunks = async function* () {
    yield Buffer.from(text);
  };
  return { stdin: { tty: false, chunks: chunks() } };
};

test('redact prints the text alone, byte for byte but for the secrets, and counts them on standard error', async () => {
  const text = `${SAID}\r\n\u0007end`;
  const { exit, stdout, stderr } = await cli(['redact', '-'], typed(text));
  expect([exit, stderr]).toEqual([0, 'removed 3 (3 × sensitive_key)\n']);
  expect(stdout).not.toMatch(/abc|123|xyz/);
  expect(stdout.endsWith('\r\n\u0007end')).toBe(true);
  const doc = await cli(['redact', '-', '--json'], typed(text));
  expect(JSON.parse(doc.stdout)).toEqual({ text: stdout, counts: { sensitive_key: 3 } });
});

test('a terminal is not driven by the text', async () => {
  const { stdout } = await cli(['redact', '-'], { ...typed('\u001b[2Ja\tb\nc'), columns: 80 });
  expect(stdout).toBe('[2Ja\tb\nc');
});

test('the token of this process is a known secret', async () => {
  const env = { url: null, token: 'end-of-it', configDir: null, noColor: true, dumb: false };
  expect((await cli(['redact', '-'], { ...typed('see end-of-it'), env })).stdout).toBe('see [REDACTED:secret_value]');
});
