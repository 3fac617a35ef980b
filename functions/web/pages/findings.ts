import { html } from 'hono/html';
import * as z from 'zod';
import type { JobEvent } from '../../../contracts/events.ts';
import { Finding } from '../../../contracts/guard.ts';
import type { Approval } from '../../../contracts/job-state.ts';
import { clip, figure, keyLabel } from '../model/text.ts';
import type { Html } from './layout.ts';
import { said } from './parts.ts';

const Shown = z.object({ finding_count: z.int().min(1), findings: z.array(Finding) });
export type ShownFindings = z.infer<typeof Shown>;

/** What the guard found, as the event that opened this approval lists it; null where it found nothing. */
export const findingsOf = (approval: Approval, events: readonly JobEvent[]): ShownFindings | null => {
  const opened = events.findLast(
    ({ event_type, outputs }) => event_type === 'WAITING_APPROVAL' && outputs.state === approval.state && outputs.visit === approval.visit,
  );
  return Shown.safeParse(opened?.outputs).data ?? null;
};

/** Each finding with its rule, its place in the output and its message; says how many are not listed. */
export const findingsPreview = ({ finding_count, findings }: ShownFindings): Html => {
  const more = finding_count - findings.length;
  return html`<section class="findings" aria-labelledby="findings-h"><h3 id="findings-h">${figure(finding_count)} ${finding_count === 1 ? 'finding' : 'findings'} of the guard</h3>
<ol>${findings.map(({ rule, pointer, message }) => html`<li><p><strong>${keyLabel(rule)}</strong> <code>${pointer === '' ? 'the whole output' : said(clip(pointer, 120))}</code></p><p>${said(clip(message, 400))}</p></li>`)}</ol>
${more > 0 ? html`<p class="quiet">${figure(more)} more in the guard report below.</p>` : ''}</section>`;
};
