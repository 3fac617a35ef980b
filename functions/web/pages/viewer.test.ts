import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWeb } from '../app.ts';
import { prune } from '../model/prune.ts';
import { tablePage } from '../model/table.ts';
import { emptyMemory, memoryDeps, Story } from '../testing.ts';

const ID = 'aaaaaaaaaaaa';
const EVIL = '<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3)) \u202egnp';

const view = async (name: string, body: string, query = '') => {
  const memory = emptyMemory();
  new Story(memory, ID).submitted('Files').file(`outputs/${name}`, body);
  const path = `/ui/jobs/${ID}/artifacts/outputs/${name}${query}`;
  const answer = await createWeb(memoryDeps(memory)).request(path, { headers: { accept: 'text/html' } });
  return { answer, page: await answer.text() };
};

describe('the page of a file', () => {
  test.each([
    ['JSON', 'a.json', '{"rule":"sma","fast":50}', '<dd><bdi>50</bdi></dd>'],
    ['Markdown', 'a.md', '# Title\n\nText', '<h3>Title</h3>'],
    ['CSV', 'a.csv', 'date,close\n2001-01-02,1283.27', '<td class="num">1283.27</td>'],
    ['SVG', 'a.svg', '<svg/>', '<img src="?raw=1" alt="a.svg">'],
    ['JSON Lines', 'a.jsonl', '{"call":1}\n{"call":2}', '<li><details id="l2">'],
    ['text', 'a.txt', 'plain <b>', 'plain &lt;b&gt;'],
    ['what is no JSON after all', 'a.json', '{oops', 'This is not JSON'],
    ['nothing', 'a.csv', '', 'This file is empty'],
    ['bytes', 'a.bin', 'a\u0000b', 'This file is not text'],
  ])('shows %s', async (_, name, body, expected) => {
    const { answer, page } = await view(name, body);
    expect(answer.status).toBe(200);
    expect(page).toContain(expected);
    expect(page).toContain('href="?raw=1"');
  });

  test.each(['json', 'jsonl', 'md', 'csv', 'txt', 'html', 'exe'])('shows hostile text in .%s as text', async (extension) => {
    const body = extension.startsWith('json') ? JSON.stringify({ [EVIL]: EVIL, list: [{ a: EVIL }] }) : `${EVIL},${EVIL}\n${EVIL},${EVIL}`;
    const { page } = await view(`a.${extension}`, body);
    expect(page).not.toMatch(/<script>|<img src=x|href="javascript| style=/i);
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&lt;script&gt;');
  });

  test.each([
    ['one string', 'json', JSON.stringify({ text: 'W'.repeat(1_000_000) })],
    ['many values', 'json', JSON.stringify(Array.from({ length: 60_000 }, (_, i) => ({ i, v: '<"&' })))],
    ['deep nesting', 'json', `${'[{"a":'.repeat(1500)}1${'}]'.repeat(1500)}`],
    ['one line', 'jsonl', JSON.stringify({ text: 'W'.repeat(1_000_000) })],
    ['many lines', 'jsonl', '{"a":[1,2,3]}\n'.repeat(70_000)],
    ['Markdown', 'md', '| a | b |\n| - | - |\n'.repeat(50_000)],
    ['many rows', 'csv', `a,b,c\n${'1,2,"x"\n'.repeat(120_000)}`],
    ['one row', 'csv', '<,'.repeat(500_000)],
    ['text', 'txt', '"'.repeat(1_000_000)],
  ])('of 1 MB stays small enough to read: %s', async (_, extension, body) => {
    const { answer, page } = await view(`big.${extension}`, body);
    expect(answer.status).toBe(200);
    expect(page.length).toBeLessThan(1_000_000);
  });

  test('pages through long tables and says where it is', async () => {
    const csv = `n\n${Array.from({ length: 450 }, (_, i) => i + 1).join('\n')}`;
    expect((await view('a.csv', csv)).page).toContain('Rows 1 to 200 of 450.');
    const { page } = await view('a.csv', csv, '?page=3');
    expect(page).toContain('Rows 401 to 450 of 450.');
    expect(page).toContain('href="?page=2" rel="prev"');
    expect(page).not.toContain('rel="next"');
    expect((await view('a.csv', csv, '?page=99')).page).toContain('Page 3 of 3');
    expect((await view('a.csv', csv, '?page=0')).answer.status).toBe(400);
  });

  test('gives the bytes themselves, sandboxed where they could act', async () => {
    const { answer, page } = await view('a.svg', '<svg/>', '?raw=1');
    expect([page, answer.headers.get('content-type')]).toEqual(['<svg/>', 'image/svg+xml']);
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
  });

  test('of no file is 404', async () => {
    const answer = await createWeb(memoryDeps(emptyMemory())).request(`/ui/jobs/${ID}/artifacts/outputs/x.json`, {
      headers: { accept: 'text/html' },
    });
    expect(answer.status).toBe(404);
  });
});

test('a document is pruned to its room, and small ones stay as they are', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
      const { value: kept, whole } = prune(value, { values: 200, chars: 2000 });
      const size = JSON.stringify(kept).length;
      expect(size).toBeLessThan(200 * 60 + 6 * 2000);
      if (whole && !/[^\x20-\x7e]/.test(JSON.stringify(value))) expect(kept).toEqual(value);
    }),
  );
});

test('a document of many values, or of long text, is cut at its room and says so', () => {
  const { value, whole } = prune(Array.from({ length: 9000 }, () => 1));
  expect([Array.isArray(value) && value.length <= 1500, whole]).toEqual([true, false]);
  const long = prune({ a: 'x'.repeat(90_000), b: 'y'.repeat(90_000), c: 'z' });
  expect([JSON.stringify(long.value).length < 110_000, long.whole]).toEqual([true, false]);
});

test('any text can be read as a table', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', '\u00e4', ' ') }),
      fc.integer({ min: 1, max: 9 }),
      (csv, page) => {
        const { rows, columns } = tablePage(csv, page);
        expect(rows.length).toBeLessThanOrEqual(200);
        expect(Array.isArray(columns)).toBe(true);
      },
    ),
  );
});
