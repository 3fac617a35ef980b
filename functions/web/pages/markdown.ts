import { html } from 'hono/html';
import { visible } from '../model/text.ts';
import type { Html } from './layout.ts';

// A subset with nothing active in it: no links, no images, no HTML. Everything is text until escaped.

const MAX_CHARS = 20_000;

const ENTITIES: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
const TOKEN = /(\\[!-/:-@[-`{-~]|&(?:amp|lt|gt|quot);|`[^`]+`|\*\*(?:\\.|[^*\\])+\*\*|\*(?:\\.|[^*\s\\])(?:\\.|[^*\\])*\*)/;

/** Bold, emphasis, code, backslash escapes and the four entities that writers escape with; all else is literal. */
const inline = (text: string): Html =>
  html`${text.split(TOKEN).map((part): Html | string => {
    if (/^\\.$/s.test(part)) return part.slice(1);
    if (part in ENTITIES) return ENTITIES[part] ?? '';
    if (/^`[^`]+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    if (/^\*\*.+\*\*$/s.test(part)) return html`<strong>${inline(part.slice(2, -2))}</strong>`;
    if (/^\*.+\*$/s.test(part)) return html`<em>${inline(part.slice(1, -1))}</em>`;
    return part;
  })}`;

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

const table = (lines: string[]): Html => {
  const [head = [], rule = [], ...rows] = lines.map(cells);
  const align = (column: number) => (rule[column]?.endsWith('-:') ? html` class="num"` : '');
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${head.map((cell, i) => (cell === '' ? html`<td></td>` : html`<th scope="col"${align(i)}>${inline(cell)}</th>`))}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td${align(i)}>${inline(cell)}</td>`)}</tr>`)}</tbody></table></div>`;
};

const item = (line: string): Html => html`<li>${inline(line.replace(/^\s*([-*+]|\d+[.)])\s+/, ''))}</li>`;

const BULLET = /^\s*[-*+]\s+/;
const NUMBER = /^\s*\d+[.)]\s+/;
const HEADING = /^(#{1,6})\s+(.*)$/;

/** One block: lines that belong together. Headings start below the page's own. */
const block = (lines: string[]): Html => {
  const [first = ''] = lines;
  const heading = HEADING.exec(first);
  if (heading) return heading[1] === '#' ? html`<h3>${inline(heading[2] ?? '')}</h3>` : html`<h4>${inline(heading[2] ?? '')}</h4>`;
  if (first.startsWith('```'))
    return html`<pre>${lines
      .slice(1)
      .join('\n')
      .replace(/\n?```$/, '')}</pre>`;
  if (first.includes('|') && /^[\s|:-]+$/.test(lines[1] ?? 'x')) return table(lines);
  if (BULLET.test(first)) return html`<ul>${lines.map(item)}</ul>`;
  if (NUMBER.test(first)) return html`<ol>${lines.map(item)}</ol>`;
  return html`<p>${inline(lines.join(' '))}</p>`;
};

/** Splits text into blocks: at blank lines, after headings, around fences, and where a list starts or ends. */
const split = (text: string): string[][] => {
  const found: string[][] = [];
  let open: string[] = [];
  let fenced = false;
  const close = () => {
    if (open.length > 0) found.push(open);
    open = [];
  };
  for (const line of text.split('\n')) {
    const listed = BULLET.test(line) || NUMBER.test(line);
    const inList = BULLET.test(open[0] ?? '') || NUMBER.test(open[0] ?? '');
    if (fenced) open.push(line);
    else if (line.trim() === '') close();
    else {
      if (HEADING.test(line) || line.startsWith('```') || HEADING.test(open[0] ?? '') || (open.length > 0 && listed !== inList)) close();
      open.push(line);
    }
    if (line.startsWith('```')) {
      if (fenced) close();
      fenced = !fenced;
    }
  }
  close();
  return found;
};

/** Markdown of a model as inert HTML. */
export const markdown = (text: string): Html => html`<div class="prose">${split(visible(text.slice(0, MAX_CHARS))).map(block)}</div>`;
