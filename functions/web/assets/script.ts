/**
 * The pages' only script: follows the job's event stream and replaces the parts marked `data-live` with
 * what the server renders now. A comment somebody is writing is never replaced, and an open question never
 * turns into another one under a finger.
 */
export const SCRIPT = `(() => {
  'use strict';
  const main = document.querySelector('main[data-stream]');
  if (!main || !window.EventSource) return;
  const note = document.getElementById('live-note');
  const say = (text) => { if (note) note.textContent = text; };
  const keep = (part, next) => {
    if ([...part.querySelectorAll('input[type=text]')].some((field) => field.value !== '')) return true;
    const box = part.querySelector('textarea');
    return box !== null && (box.value !== '' || next.querySelector('form') !== null);
  };
  let timer = 0;
  const refresh = async () => {
    timer = 0;
    const answer = await fetch(location.pathname + location.search, { headers: { accept: 'text/html' } });
    if (!answer.ok) return say('New events. Reload to see them.');
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    let held = false;
    for (const part of document.querySelectorAll('[data-live]')) {
      const next = fresh.getElementById(part.id);
      if (!next || next.outerHTML === part.outerHTML) continue;
      if (keep(part, next)) { held = true; continue; }
      for (const box of part.querySelectorAll('details[open][id]')) {
        const same = next.querySelector('#' + CSS.escape(box.id));
        if (same) same.open = true;
      }
      part.replaceWith(next);
    }
    document.title = fresh.title;
    say(held ? 'This job moved on. Reload before you decide.' : 'Updated.');
  };
  const source = new EventSource(main.dataset.stream);
  source.onmessage = () => {
    if (timer === 0) timer = setTimeout(() => refresh().catch(() => say('New events. Reload to see them.')), 150);
  };
  window.addEventListener('pagehide', () => source.close());
})();
`;
