/** What stands on the pages: labels, cards, decisions, tables, map, timeline. */
export const CONTENT = `
.job { display: grid; gap: var(--s2); grid-template-columns: minmax(0, 1fr); }
.line { display: flex; flex-wrap: wrap; gap: var(--s2) var(--s3); align-items: center; }
.modes { display: inline-flex; flex-wrap: wrap; gap: var(--s1); }
.mode { display: inline-block; white-space: nowrap; padding: 0 var(--s2); border-radius: 2px; background: var(--replay); color: var(--on-mode); font-weight: 700; letter-spacing: 0.04em; line-height: 20px; }
.mode-live { background: var(--live); }
.mode-record { background: var(--record); }
.mode-degraded { position: relative; padding-left: 18px; background: var(--degraded); }
.mode-degraded::before { content: ""; position: absolute; inset: 0 auto 0 0; width: 12px; border-radius: 2px 0 0 2px; background: repeating-linear-gradient(135deg, var(--on-mode) 0 2px, var(--degraded) 2px 5px); }
.standing { font-weight: 650; white-space: nowrap; }
.standing::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: currentColor; }
.standing.run { color: var(--run); }
.standing.good { color: var(--good); }
.standing.bad { color: var(--bad); }
.standing.wait { color: var(--wait); }
.standing.wait::before { width: 12px; height: 5px; border-radius: 1px; vertical-align: 2px; }
.standing.bad::before { border-radius: 0; transform: rotate(45deg); width: 7px; height: 7px; }
.notice { border-left: 4px solid var(--strong); background: var(--surface); padding: var(--s3) var(--s4); display: grid; gap: var(--s1); max-width: 72ch; }
.notice.good { border-color: var(--good); background: var(--good-wash); }
.notice.bad { border-color: var(--bad); background: var(--bad-wash); }
.notice.wait { border-color: var(--wait); background: var(--wait-wash); }
.empty { border: 1px solid var(--line); background: var(--surface); padding: var(--s8) var(--s4); display: grid; gap: var(--s3); }
pre { background: var(--sunken); padding: var(--s3); overflow: auto; max-height: 420px; line-height: 20px; white-space: pre-wrap; }
.panel { display: grid; gap: var(--s4); grid-template-columns: minmax(0, 1fr); }
.decision { border: 1px solid var(--strong); border-top: 8px solid var(--wait); background: var(--paper); padding: var(--s4); display: grid; gap: var(--s4); grid-template-columns: minmax(0, 1fr); }
.card { border: 1px solid var(--line); background: var(--surface); padding: var(--s3) var(--s4) var(--s4); display: grid; gap: var(--s3); grid-template-columns: minmax(0, 1fr); }
.card > header { display: flex; flex-wrap: wrap; gap: 0 var(--s3); align-items: baseline; }
.card > header h2 { font-size: var(--base); line-height: 1.5; }
.part { display: grid; gap: var(--s1); grid-template-columns: minmax(0, 1fr); }
.part > .part { margin-top: var(--s2); }
.label { font-weight: 650; }
.fields { display: grid; gap: var(--s2) var(--s6); grid-template-columns: repeat(auto-fill, minmax(min(100%, 132px), 1fr)); }
.fields > div { min-width: 0; }
.fields > .long { grid-column: 1 / -1; max-width: 72ch; }
.fields dd { line-height: 22px; }
.facts { grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); }
details > summary { cursor: pointer; padding: var(--s1) 0; color: var(--link); }
details[open] > summary { margin-bottom: var(--s2); }
form { display: grid; gap: var(--s2); grid-template-columns: minmax(0, 1fr); }
label { font-weight: 650; }
label .quiet { font-weight: 400; }
textarea, input, select, button { font: inherit; color: inherit; }
textarea, input, select { background: var(--paper); border: 1px solid var(--strong); border-radius: 2px; padding: var(--s2); min-height: 40px; }
textarea { width: 100%; resize: vertical; }
button { min-height: 48px; padding: 0 var(--s3); white-space: nowrap; border: 2px solid var(--ink); border-radius: 2px; background: var(--paper); font-weight: 650; cursor: pointer; }
a.button { display: inline-block; padding: 10px var(--s3); border: 2px solid var(--ink); border-radius: 2px; background: var(--paper); color: var(--ink); font-weight: 650; text-decoration: none; }
button:hover, a.button:hover { background: var(--sunken); }
.choices { display: grid; gap: var(--s3); margin-top: var(--s4); }
.choice { display: grid; grid-template-columns: 124px minmax(0, 1fr); gap: var(--s4); align-items: center; font-size: var(--small); }
.choice button { font-size: var(--base); }
.choice.yes { margin-top: var(--s8); padding-top: var(--s6); border-top: 1px solid var(--line); }
.choice.yes button { background: var(--accent); color: var(--on-accent); border-color: var(--accent); }
.choice.yes button:hover { background: var(--ink); outline: 2px solid var(--ink); outline-offset: 2px; }
.signs { font-size: var(--small); }
.asked { margin: 0; padding-left: var(--s4); border-left: 4px solid var(--wait); max-width: 72ch; white-space: pre-line; font-weight: 650; }
.findings { display: grid; gap: var(--s2); }
.findings ol { padding-left: var(--s6); display: grid; gap: var(--s2); }
.findings li p + p { max-width: 72ch; }
.risks, .chain { padding-left: var(--s6); }
.tried { list-style: none; padding: 0; }
.tried > li { padding: var(--s2) 0; }
.tried > li + li { border-top: 1px solid var(--line); }
.stand-in { position: relative; display: grid; gap: var(--s3); padding: var(--s3) var(--s4) var(--s3) 28px; border: 1px solid var(--degraded); background: var(--surface); grid-template-columns: minmax(0, 1fr); }
.stand-in::before { content: ""; position: absolute; inset: 0 auto 0 0; width: 12px; background: repeating-linear-gradient(135deg, var(--degraded) 0 3px, var(--surface) 3px 8px); }
.budget dl { display: grid; gap: var(--s4); grid-template-columns: repeat(3, minmax(0, 1fr)); max-width: 560px; }
.budget dd { font-size: var(--small); }
.meter { display: block; width: 100%; height: 6px; margin-top: 2px; }
.meter .track { fill: var(--line); }
.meter .reserved { fill: var(--strong); }
.meter .spent { fill: var(--ink); }
.near .spent { fill: var(--wait); }
.full .spent { fill: var(--bad); }
.filter { display: grid; grid-template-columns: auto minmax(120px, 320px) auto auto auto; gap: var(--s2); align-items: center; justify-content: start; font-size: var(--small); }
.filter button { min-height: 40px; border-width: 1px; }
@media (max-width: 599px) { .filter { grid-template-columns: auto minmax(0, 1fr); justify-content: stretch; } .filter button { grid-column: 2; justify-self: end; } }
.scroll { overflow-x: auto; }
.toast { position: fixed; left: var(--s4); bottom: var(--s4); max-width: calc(100vw - 32px); background: var(--accent); color: var(--on-accent); font-size: var(--small); }
.toast:not(:empty) { padding: var(--s2) var(--s4); }
.under { margin-top: var(--s1); }
table { border-collapse: collapse; min-width: 50%; }
caption { text-align: left; font-weight: 650; padding-bottom: var(--s1); }
th, td { overflow-wrap: break-word; text-align: left; vertical-align: top; padding: 6px var(--s4) 5px 0; line-height: 20px; }
th { font-weight: 400; }
thead th { color: var(--quiet); }
thead tr:last-child > * { border-bottom: 1px solid var(--strong); }
tbody tr + tr > * { border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
td.num, th.num { text-align: right; white-space: nowrap; }
.num { font-variant-numeric: tabular-nums; }
th[scope="colgroup"] { text-align: right; font-weight: 650; color: var(--ink); }
.card td:not(.num) { overflow-wrap: anywhere; min-width: 96px; }
table.tight th, table.tight td { padding-right: var(--s2); }
table.list { width: 100%; }
table.list th[scope="row"] { font-size: var(--base); line-height: 22px; padding-top: var(--s2); padding-bottom: var(--s2); }
table.list td { padding-top: 9px; }
table.list .standing { white-space: normal; }
.span { white-space: nowrap; font-size: var(--small); }
table.list th[scope="row"] { overflow-wrap: anywhere; }
del { color: var(--bad); text-decoration-thickness: 1px; }
ins { color: var(--good); text-decoration: none; font-weight: 650; }
figure { display: grid; gap: var(--s1); }
figure img { display: block; width: 100%; height: auto; border: 1px solid var(--line); }
.map { display: block; max-width: 100%; height: auto; overflow: visible; font: var(--small) var(--sans); }
.map text { fill: var(--ink); }
.map .later { fill: var(--quiet); }
.map .now { font-weight: 700; }
.map .way { fill: none; stroke: var(--line); stroke-width: 2; }
.map .walked { stroke: var(--ink); }
.map .node { fill: var(--paper); stroke: var(--strong); stroke-width: 2; }
.map .passed { fill: var(--ink); stroke: var(--ink); }
.map .ring { fill: none; stroke: var(--wait); stroke-width: 3; }
.map .ring.run { stroke: var(--run); }
.map .ring.good { stroke: var(--good); }
.map .ring.bad { stroke: var(--bad); }
.map .jump { fill: none; stroke: var(--strong); stroke-width: 1; }
.map .back { stroke-dasharray: 3 3; }
.map .jump.walked { stroke: var(--ink); stroke-width: 2; }
.map .tip { fill: var(--strong); }
.map a:hover text { text-decoration: underline; }
.timeline { list-style: none; border-left: 2px solid var(--line); margin-left: 5px; display: grid; gap: var(--s4); grid-template-columns: minmax(0, 1fr); }
.timeline li { position: relative; padding-left: var(--s4); }
.timeline li::before { content: ""; position: absolute; left: -6px; top: 7px; width: 10px; height: 10px; border-radius: 50%; background: var(--quiet); box-shadow: 0 0 0 2px var(--paper); }
.timeline li.good::before { background: var(--good); }
.timeline li.bad::before { background: var(--bad); border-radius: 0; transform: rotate(45deg); }
.timeline li.wait::before { background: var(--wait); left: -10px; top: 9px; width: 18px; height: 6px; border-radius: 1px; }
.said { max-width: 72ch; white-space: pre-line; }
.notes > span { margin-right: var(--s3); }
.files a { margin-right: var(--s3); }
.files a, .filelist a { display: inline-block; min-height: 24px; padding: 2px 0; }
.filelist { list-style: none; display: grid; gap: var(--s1); font-size: var(--small); }
.filelist li { display: flex; justify-content: space-between; gap: var(--s3); }
.filelist .num { white-space: nowrap; }
.waits { list-style: none; display: grid; }
.waits li { padding: var(--s3) 0; border-top: 1px solid var(--line); display: grid; gap: var(--s1); }
.tabs { display: flex; flex-wrap: wrap; gap: var(--s4); font-size: var(--small); }
.tabs [aria-current] { color: var(--ink); font-weight: 650; text-decoration: none; }
.prose { display: grid; gap: var(--s3); }
.prose ul, .prose ol { padding-left: var(--s6); }
p.prose { display: block; }
.card details > .card + .card { margin-top: var(--s3); }
.revised { display: grid; gap: var(--s1); }
.controls { display: grid; gap: var(--s2); }
.controls form { padding: var(--s2) 0 var(--s3); max-width: 72ch; }
.controls .choice { margin-top: var(--s2); }
button.small { min-height: 32px; border-width: 1px; font-size: var(--small); }
.pick { grid-template-columns: 44px minmax(0, 1fr); align-items: start; }
.pick > div { display: grid; gap: var(--s1); }
input[type="checkbox"] { width: 24px; height: 24px; min-height: 0; margin: 0; accent-color: var(--accent); }
.path { overflow-wrap: anywhere; }
.pager { display: flex; gap: var(--s4); font-size: var(--small); }
.pager a { display: inline-block; min-height: 24px; }
.file { gap: var(--s3); }
pre.whole { max-height: none; }
.records { padding-left: 56px; display: grid; gap: var(--s1); grid-template-columns: minmax(0, 1fr); font-size: var(--small); }
.charts { display: grid; gap: var(--s8); grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); align-items: start; }
figcaption + .chart { margin-top: var(--s1); }
.chart { display: block; width: 100%; max-width: 460px; height: auto; font: var(--small) var(--sans); font-variant-numeric: tabular-nums; }
.chart text { fill: var(--ink); }
.chart .name { text-anchor: end; }
.chart .tick { text-anchor: middle; fill: var(--quiet); }
.chart .grid { stroke: var(--line); fill: none; }
.chart .axis { stroke: var(--strong); fill: none; }
.chart .tick.end { text-anchor: end; }
.chart .tick.start { text-anchor: start; }
.chart .unit { fill: var(--quiet); }
.chart .line { fill: none; stroke: currentColor; stroke-width: 1.5; }
.chart .dot { fill: currentColor; }
.chart .series { fill: currentColor; }
.chart .good:not(.bar) { color: var(--good); }
.chart .bad:not(.bar) { color: var(--bad); }
.chart .wait:not(.bar) { color: var(--wait); }
.chart .run:not(.bar) { color: var(--run); }
.chart .grey { color: var(--quiet); }
.chart .bar { fill: var(--strong); }
.chart .bar.good { fill: var(--good); }
.chart .bar.bad { fill: var(--bad); }
.chart .bar.wait { fill: var(--wait); }
.chart .bar.run { fill: var(--run); }
.chart .reference { fill: none; stroke: var(--quiet); stroke-width: 1.5; stroke-dasharray: 4 3; }
.ladder { list-style: none; display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: var(--s2); }
.ladder li { border-top: 6px solid var(--line); background: var(--surface); padding: var(--s2) var(--s3) var(--s3); display: grid; gap: var(--s1); align-content: start; }
.ladder li[aria-current] { background: var(--paper); outline: 1px solid var(--strong); }
.ladder .good { border-color: var(--good); }
.ladder .bad { border-color: var(--bad); }
.ladder .wait { border-color: var(--wait); }
.ladder .run { border-color: var(--run); }
.ladder li p:first-child { font-weight: 650; }
@media (max-width: 599px) { .ladder { grid-template-columns: minmax(0, 1fr); } .ladder li { border-top: 0; border-left: 6px solid var(--line); grid-template-columns: minmax(0, 1fr) auto; } .ladder li p + p { text-align: right; } }
.criteria .block { max-width: 60ch; }
.rollout { display: grid; gap: var(--s8); grid-template-columns: minmax(0, 1fr); }
.rollout > :empty { display: none; }
.results li { display: flex; flex-wrap: wrap; gap: var(--s1) var(--s3); }
`;
