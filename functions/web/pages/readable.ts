import { html } from 'hono/html';
import type { Block, Cell } from '../model/readable.ts';
import type { Html } from './layout.ts';
import { soft } from './parts.ts';

/** Longer values, in characters, get a row of their own. */
const WIDE = 36;

const cell = ({ text, number, tone }: Cell): Html =>
  html`<td${number ? html` class="num"` : ''}>${tone === null ? html`<bdi>${soft(text)}</bdi>` : html`<span class="standing ${tone}">${text}</span>`}</td>`;

const fields = (block: Extract<Block, { kind: 'fields' }>): Html => html`<dl class="fields">
${block.fields.map(({ label, cell: { text, tone } }) => html`<div${text.length > WIDE ? html` class="long"` : ''}><dt>${label}</dt><dd>${tone === null ? html`<bdi>${soft(text)}</bdi>` : html`<span class="standing ${tone}">${text}</span>`}</dd></div>`)}
</dl>`;

const table = (block: Extract<Block, { kind: 'table' }>): Html => {
  const headed = block.rows.some((row) => row.head !== '');
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${block.caption || 'Table'}"><table>
${block.caption ? html`<caption>${block.caption}</caption>` : ''}
<thead><tr>${headed ? html`<td></td>` : ''}${block.columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${block.rows.map((row) => html`<tr>${headed ? html`<th scope="row">${row.head}</th>` : ''}${row.cells.map(cell)}</tr>`)}</tbody>
</table></div>${block.hidden > 0 ? html`<p class="quiet">${block.hidden} more rows are in the file.</p>` : ''}`;
};

/** Blocks of a document as HTML. */
export const blocks = (list: Block[]): Html =>
  html`${list.map((block): Html => {
    if (block.kind === 'fields') return fields(block);
    if (block.kind === 'table') return table(block);
    return html`<section class="part"><p class="label">${block.label}</p>${blocks(block.blocks)}</section>`;
  })}`;
