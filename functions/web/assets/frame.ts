/** Frame of every page: base type, header, focus, columns. */
export const FRAME = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: var(--s4); }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: var(--base)/1.5 var(--sans); font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
h1, h2, h3, h4, p, ul, ol, dl, dd, figure, pre { margin: 0; padding: 0; }
h1, h2 { font-size: var(--large); line-height: 1.27; font-weight: 650; }
h3, h4 { font-size: var(--base); line-height: 1.5; font-weight: 650; }
small, .meta, .quiet, .notes, .files, caption, figcaption, dt, th, td, .label, code, pre, summary, .mode, .standing { font-size: var(--small); }
code, pre { font-family: var(--mono); }
.quiet, .meta, dt, caption, figcaption, .label { color: var(--quiet); }
.block { display: block; font-weight: 400; }
a { color: var(--link); text-underline-offset: 2px; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 2px; }
:target { outline: 2px solid var(--strong); outline-offset: 4px; }
.skip { position: absolute; left: var(--s2); top: -64px; padding: var(--s2) var(--s4); background: var(--accent); color: var(--on-accent); z-index: 1; }
.skip:focus { top: var(--s2); }
.exact { display: none; }
.prose { max-width: 68ch; }
main { max-width: 1160px; margin: 0 auto; padding: var(--s6) var(--s4) var(--s12); display: grid; gap: var(--s4); grid-template-columns: minmax(0, 1fr); }
.bar { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 var(--s6); padding: var(--s2) var(--s4); border-bottom: 1px solid var(--line); background: var(--surface); font-size: var(--small); }
.bar ul { display: flex; flex-wrap: wrap; list-style: none; gap: 0 var(--s4); }
.bar nav a { display: inline-block; white-space: nowrap; padding: var(--s2) 0; color: var(--ink); text-decoration: none; }
.bar nav a[aria-current] { font-weight: 650; box-shadow: inset 0 -2px 0 var(--ink); }
.bar nav a:hover { box-shadow: inset 0 -2px 0 var(--strong); }
.brand a { color: var(--ink); font-weight: 700; text-decoration: none; letter-spacing: 0.01em; }
.env { border: 1px solid var(--strong); border-radius: 2px; padding: 0 var(--s1); color: var(--quiet); }
.who { margin-left: auto; font-size: var(--small); }
.sign-out button, .sign-out button:hover { min-height: 0; padding: var(--s2) 0; border: 0; background: none; color: var(--link); font-weight: 400; text-decoration: underline; text-underline-offset: 2px; }
.columns { display: grid; gap: var(--s8); grid-template-columns: minmax(0, 1fr); }
.columns > * { display: grid; gap: var(--s8); align-content: start; grid-template-columns: minmax(0, 1fr); }
.columns > * > :empty { display: none; }
@media (min-width: 900px) {
  .columns { grid-template-columns: minmax(0, 1fr) 320px; column-gap: var(--s12); }
  .second { grid-column: 2; grid-row: 1 / span 2; }
  .second > .panel { position: sticky; top: var(--s4); }
}
@media (max-width: 599px) {
  .wide { display: none; }
  .who { margin-left: 0; }
  .brand { width: 100%; }
  .bar { padding-bottom: 0; }
  .who { order: 1; flex: 1; text-align: right; }
  .sign-out { order: 1; }
  .brand { order: 0; width: auto; }
  .bar nav { order: 2; width: 100%; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  .bar nav, .skip, form, .filter, .map a { text-decoration: none; }
  .bar nav, .sign-out, .skip, .decision form, .filter, .more { display: none; }
  .rel { display: none; }
  .exact { display: inline; }
  .columns { grid-template-columns: minmax(0, 1fr); }
  .second { grid-column: auto; grid-row: auto; }
}
`;
