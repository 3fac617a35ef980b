import type { CallSite, CallSites } from '../../functions/lib/llm-sites/map.ts';
import { code, codes, table } from '../reference/markdown.ts';

const yesNo = (yes: boolean): string => (yes ? 'yes' : 'no');

const stateNames = ({ states }: CallSite): string => codes(states.map(({ machine, state }) => `${machine}/${state}`));

const overview = (sites: readonly CallSite[]): string =>
  table(
    ['agent', 'role', 'states', 'guard', 'live only', 'switch'],
    sites.map((site) => [
      ...[code(site.agent), site.role, stateNames(site), yesNo(site.guard), yesNo(site.require_live)],
      site.flag === null ? '' : code(site.flag),
    ]),
  );

const readsOf = ({ read_by_control }: CallSite): string =>
  read_by_control.length === 0
    ? 'nothing'
    : read_by_control
        .map(({ machine, state, field, values }) => `${code(field)} (${values.join(', ')}) at ${code(`${machine}/${state}`)}`)
        .join('; ');

const section = (site: CallSite): string => {
  const { agent, profile, way } = site;
  const rows = [
    ['role', site.role],
    ['function', code(site.function)],
    ['states', stateNames(site)],
    ['asked at', codes(site.asks_at)],
    ['way from the handler', way.map(code).join(' → ')],
    [
      'profile',
      `${code(profile.at)}: alias ${code(profile.model_alias)}, prompt ${profile.prompt_version}, output ${code(profile.output_schema_version)}, at most ${profile.max_output_tokens} tokens`,
    ],
    ['switch', site.flag === null ? 'none of its own' : code(site.flag)],
    ['live only', yesNo(site.require_live)],
    ['without an answer', site.downgrade],
    ['judged by', site.judged_by],
    ['output goes to', `${codes(site.output.files)}: ${site.output.meaning}`],
    ['control flow reads', readsOf(site)],
  ];
  return `## ${agent}\n\n${table(['', ''], rows)}`;
};

/** docs/llm/call-sites.md */
export const callSitesPage = ({ sites, junctions }: CallSites): string =>
  `${[
    '# Model call sites',
    `Generated from the code and the state machines by ${code('node tools/llm-sites.ts')}; the same as data is [call-sites.json](call-sites.json). A ${code('producer')} writes something that code and people judge. A ${code('control')} site would decide where a job goes: there is none, and a check keeps it so.`,
    overview(sites),
    ...sites.map(section),
    '## On the way to a provider',
    'Every question of every agent passes here.',
    table(
      ['place', 'layer', 'what it does'],
      junctions.map(({ at, layer, what }) => [code(at), layer, what]),
    ),
  ].join('\n\n')}\n`;
