import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CallSites } from '../../functions/lib/llm-sites/map.ts';
import { JUNCTIONS, SITES } from '../../tools/llm-sites/declared.ts';
import { readMachines } from '../../tools/llm-sites/machines.ts';
import { mapCallSites } from '../../tools/llm-sites/map.ts';
import { callSitesPage } from '../../tools/llm-sites/page.ts';
import { readRoadmap, roadmapProblems } from '../../tools/llm-sites/roadmap.ts';
import { parseSources, readSources, type Tree, withModule } from '../../tools/llm-sites/source.ts';

const root = new URL('../../', import.meta.url);
const doc = (name: string): string => readFileSync(new URL(`docs/llm/${name}`, root), 'utf8');
const sources = readSources(root.pathname);
const tree = parseSources(sources);
const machines = readMachines(root.pathname);

const problemsOf = (changed: Tree, declared = { sites: SITES, junctions: JUNCTIONS }) => mapCallSites(changed, machines, declared).problems;
const withText = (file: string, edit: (text: string) => string): Tree => withModule(tree, file, edit(sources.get(file) ?? ''));
const appended = (file: string, more: string): Tree => withText(file, (text) => `${text}\n${more}\n`);

describe('the map of model calls', () => {
  it('is what code and state machines say', () => {
    const { map, problems } = mapCallSites(tree, machines);
    expect(problems).toEqual([]);
    expect(CallSites.parse(JSON.parse(doc('call-sites.json')))).toEqual(map);
    expect(doc('call-sites.md')).toBe(callSitesPage(map));
  });

  it('names for every agent who asks, in which state, and what control flow reads behind it', () => {
    const { map } = mapCallSites(tree, machines);
    expect(map.sites).toContainEqual(
      expect.objectContaining({
        ...{ agent: 'intent', role: 'producer', function: 'intent', guard: true, require_live: false, flag: 'agent_intent_enabled' },
        states: [{ machine: 'job', state: 'Intent' }],
        read_by_control: [{ machine: 'job', state: 'IntentGuard', field: '$.guard', values: ['failed', 'question'] }],
      }),
    );
    expect(map.sites.every(({ role, states }) => role === 'producer' && states.length > 0)).toBe(true);
  });

  it('says so where only a live answer will do', () => {
    const live = withText('functions/agent/report/report.ts', (text) =>
      text.replace("folds: 'revisit',", "folds: 'revisit',\n  requireLive: true,"),
    );
    const report = mapCallSites(live, machines).map.sites.find(({ agent }) => agent === 'report');
    expect(report).toMatchObject({ require_live: true, downgrade: expect.stringContaining('none') });
  });
});

describe('a call that is not declared', () => {
  const IN = 'functions/gates/gates.ts';
  it.each([
    ['is made by a stage', 'export const sneak = (effects: StageEffects) => effects.ask({ agent: "judge" });', `${IN}#sneak calls a model`],
    [
      'is made optionally',
      'export const sneak = (effects: StageEffects) => effects?.ask?.({ agent: "judge" });',
      `${IN}#sneak calls a model`,
    ],
    ['is made by a name in brackets', "export const sneak = (effects: StageEffects) => effects['ask']({});", `${IN}#sneak calls a model`],
    ['is taken apart first', 'export const sneak = ({ ask: get }: StageEffects) => get({});', `${IN}#sneak takes a model`],
    ['is made with what was handed over', 'export const sneak = (ask: StageEffects["ask"]) => ask({});', `${IN}#sneak calls a model`],
    ['is handed on', 'export const sneak = (effects: StageEffects) => elsewhere(effects.ask);', `${IN}#sneak hands on a model`],
    ['is found by reflection', "export const sneak = (effects: StageEffects) => Reflect.get(effects, 'ask');", `${IN}#sneak names a model`],
    ['asks a provider', 'export const sneak = (provider: Provider) => provider.doGenerate({});', `${IN}#sneak calls a model`],
    ['loads a provider', "export const sneak = () => import('@ai-sdk/anthropic');", `${IN} uses @ai-sdk/anthropic`],
    ['brings a package of its own', "import OpenAI from 'openai';\nexport const sneak = () => new OpenAI();", `${IN} uses openai`],
  ])('is found when it %s', (_, code, problem) => {
    expect(problemsOf(appended(IN, code))).toContainEqual(expect.stringContaining(problem));
  });

  it('is found in a file of its own', () => {
    const added = withModule(tree, 'functions/lib/sneak.ts', 'export const sneak = (world) => world.model.ask({});');
    expect(problemsOf(added)).toContainEqual(expect.stringContaining('functions/lib/sneak.ts#sneak calls a model'));
  });

  it('is found when a function borrows the way of an agent', () => {
    const borrowed = withText(
      'functions/gates/gates.ts',
      (text) =>
        `import { consult } from '../lib/agent/consult.ts';\n${text.replace('const report = gateReport(', 'consult(docs);\n    const report = gateReport(')}`,
    );
    expect(problemsOf(borrowed)).toContainEqual(expect.stringContaining('function gates reaches functions/lib/agent/consult.ts#ask'));
  });

  it('is no comment, no type and no function that is only called so', () => {
    const innocent =
      '// effects.ask({})\nexport type T = StageEffects["ask"];\nconst ask = (x: number) => x;\nexport const fine = () => ask(1);';
    expect(problemsOf(appended(IN, innocent))).toEqual([]);
  });
});

describe('what is declared', () => {
  it('must be there', () => {
    const gone = withText('functions/lib/agent/consult.ts', (text) => text.replace('effects.ask(', 'effects.other('));
    expect(problemsOf(gone)).toContainEqual(expect.stringContaining('functions/lib/agent/consult.ts#ask, which asks no model any more'));
  });

  it('has every agent that has a profile', () => {
    expect(problemsOf(tree, { sites: SITES.filter(({ agent }) => agent !== 'doctor'), junctions: JUNCTIONS })).toContainEqual(
      expect.stringContaining('agent doctor has a profile'),
    );
  });

  it('lets no agent control a job', () => {
    const sites = SITES.map((site) => (site.agent === 'doctor' ? { ...site, role: 'control' as const } : site));
    expect(problemsOf(tree, { sites, junctions: JUNCTIONS })).toEqual(['agent doctor would control a job; no model may']);
  });
});

describe('the roadmap', () => {
  const page = doc('determinization.md');
  const rows = readRoadmap(page);

  it('has a row for every Choice of every machine, and its table is the data', () => {
    expect(roadmapProblems(rows, machines)).toEqual([]);
    expect(JSON.parse(doc('determinization.json'))).toEqual({ schema_version: 'llm_determinization_v1', decisions: rows });
  });

  it('misses no Choice, and keeps none that is gone', () => {
    expect(
      roadmapProblems(
        rows.filter(({ decision }) => decision !== 'job/Verdict'),
        machines,
      ),
    ).toEqual(['docs/llm/determinization.md has no row for the Choice job/Verdict']);
    const old = [...rows, { decision: 'job/Gone', what: 'what it decided', today: 'deterministic' as const, next: 'none' }];
    expect(roadmapProblems(old, machines)).toEqual(['docs/llm/determinization.md has job/Gone, which is no Choice of a state machine']);
  });

  it('knows two ways to decide, and no third', () => {
    expect(() => readRoadmap(page.replace('| deterministic |', '| the model decides |'))).toThrow('today: Invalid option');
  });
});
