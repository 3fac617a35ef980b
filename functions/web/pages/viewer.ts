import { html } from 'hono/html';
import { prune } from '../model/prune.ts';
import { readable } from '../model/readable.ts';
import { clip, excerpt, figure, fileSize } from '../model/text.ts';
import type { Html } from './layout.ts';
import { markdown } from './markdown.ts';
import { empty, soft } from './parts.ts';
import { blocks } from './readable.ts';

/** A stored file and how its page is reached. */
export type Viewed = {
  path: string;
  body: Uint8Array;
  /** Address of the bytes themselves. */
  raw: string;
  /** Address of another page of the same file. */
  pageHref: (page: number) => string;
  /** From 1. */
  page: number;
};

const MAX_TEXT = 100_000;
const MAX_MARKDOWN = 20_000;
const LINES = 50;
const LINE_ROOM = { values: 120, chars: 6_000 };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const plain = (text: string): Html => html`<pre tabindex="0" class="whole">${excerpt(text, MAX_TEXT)}</pre>`;

const partial = (note: string): Html => html`<p class="quiet">${note}</p>`;

/** Indented again where that is affordable: one long line is no reading. */
const source = (text: string, value: unknown): string => (text.length > MAX_TEXT ? text : JSON.stringify(value, null, 1));

const json = (text: string): Html => {
  const value = parsed(text);
  if (value === undefined) return html`${partial('This is not JSON; here is its text.')}${plain(text)}`;
  const { value: shown, whole } = prune(value);
  return html`${whole ? '' : partial('This is the beginning: the file is too large to be shown in full.')}${blocks(readable(shown))}
<details id="source"><summary>JSON</summary>${plain(source(text, value))}</details>`;
};

const pager = (page: number, pages: number, href: Viewed['pageHref']): Html | string =>
  pages <= 1
    ? ''
    : html`<nav class="pager" aria-label="Pages of this file">${page > 1 ? html`<a href="${href(page - 1)}" rel="prev">Before</a>` : ''} <span>Page ${page} of ${pages}</span> ${page < pages ? html`<a href="${href(page + 1)}" rel="next">Next</a>` : ''}</nav>`;

const line = (text: string, n: number): Html => {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return html`<li><code>${clip(text, 400)}</code></li>`;
  const { value: shown, whole } = prune(value, LINE_ROOM);
  return html`<li><details id="l${n}"><summary><code>${clip(text, 140)}</code></summary>${blocks(readable(shown))}${whole ? '' : partial('More is in the file.')}</details></li>`;
};

const lines = (text: string, { page, pageHref }: Viewed): Html => {
  const all = text.split('\n').filter((one) => one.trim() !== '');
  const pages = Math.max(1, Math.ceil(all.length / LINES));
  const at = Math.min(Math.max(1, page), pages);
  const first = (at - 1) * LINES;
  return html`<p class="quiet">${figure(all.length)} ${all.length === 1 ? 'line' : 'lines'}, one record each.</p>${pager(at, pages, pageHref)}
<ol class="records" start="${first + 1}">${all.slice(first, first + LINES).map((one, i) => line(one, first + i + 1))}</ol>${pager(at, pages, pageHref)}`;
};

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/** Dates and short names keep to one line; longer text may break. */
const KEEP = 24;

const cellClass = (cell: string): Html | string => {
  if (NUMBER.test(cell)) return html` class="num"`;
  return cell.length <= KEEP ? html` class="span"` : '';
};

const row = (cells: string[]): Html => html`<tr>${cells.map((cell) => html`<td${cellClass(cell)}>${clip(cell, 200)}</td>`)}</tr>`;

const table = async (text: string, { page, pageHref }: Viewed): Promise<Awaited<Html>> => {
  // With it comes a parser, which no other page needs.
  const { TABLE_ROWS, tablePage } = await import('../model/table.ts');
  const shown = tablePage(text, page);
  const first = (shown.page - 1) * TABLE_ROWS + 1;
  const where =
    shown.pages > 1 ? `Rows ${first} to ${first + shown.rows.length - 1} of ${figure(shown.total)}.` : `${figure(shown.total)} rows.`;
  const hidden = shown.hiddenColumns > 0 ? ` ${shown.hiddenColumns} more columns are in the file.` : '';
  const numeric = shown.columns.map((_, i) => NUMBER.test(shown.rows[0]?.[i] ?? ''));
  return html`<p class="quiet">${where}${hidden}${shown.whole ? '' : ' The file is too large to be counted in full.'}</p>${pager(shown.page, shown.pages, pageHref)}
<div class="scroll" tabindex="0" role="group" aria-label="Table"><table><thead><tr>${shown.columns.map((name, i) => html`<th scope="col"${numeric[i] ? html` class="num"` : ''}>${clip(name, 80)}</th>`)}</tr></thead>
<tbody>${shown.rows.map(row)}</tbody></table></div>${pager(shown.page, shown.pages, pageHref)}`;
};

const picture = ({ raw, path }: Viewed): Html =>
  html`<figure><img src="${raw}" alt="${path.split('/').at(-1)}"><figcaption>Shown as a picture: nothing in it can act.</figcaption></figure>`;

const content = (viewed: Viewed): Html => {
  const extension = viewed.path.split('.').at(-1)?.toLowerCase() ?? '';
  if (viewed.body.byteLength === 0) return empty('This file is empty', html`<p>It was written with nothing in it.</p>`);
  if (extension === 'svg' || extension === 'png') return picture(viewed);
  if (viewed.body.includes(0)) return empty('This file is not text', html`<p><a href="${viewed.raw}">Download it</a> to look inside.</p>`);
  const text = new TextDecoder().decode(viewed.body);
  if (extension === 'json') return json(text);
  if (extension === 'jsonl') return lines(text, viewed);
  if (extension === 'csv') return table(text, viewed);
  if (extension !== 'md') return plain(text);
  return html`${text.length > MAX_MARKDOWN ? partial('This is the beginning: the file is too large to be shown in full.') : ''}${markdown(text)}`;
};

/** One file, readable whatever is in it: text stays text, pictures stay pictures, and large files are cut with a note. */
export const viewer = (viewed: Viewed, back: { href: string; name: string }): Html => html`<header class="job">
<p class="meta"><a href="${back.href}">${back.name}</a></p>
<h1 class="path">${soft(viewed.path, /(?<=\/)/)}</h1><p class="meta">${fileSize(viewed.body.byteLength)} · <a href="${viewed.raw}">Raw file</a></p></header>
<section class="panel file" aria-label="Content">${content(viewed)}</section>`;
