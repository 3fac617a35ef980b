import { describe, expect, test } from 'vitest';
import { INTENT, INTENT_SCHEMA } from '../../agent/intent/prompt.ts';
import { REPORT, REPORT_SCHEMA } from '../../agent/report/prompt.ts';
import { SHADOW, SHADOW_SCHEMA } from '../shadow/request.ts';
import { RECORDED_AGENTS, recordedAgent } from './agents.ts';
import { judgeCassette } from './judge.ts';
import { recordingOf, shipped } from './recording.fixture.ts';

test.each([
  ['intent', INTENT, INTENT_SCHEMA],
  ['report', REPORT, REPORT_SCHEMA],
  ['shadow', SHADOW, SHADOW_SCHEMA],
])(
  'what is known of the %s agent is what the agent itself asks with',
  (name, { model_alias, prompt_version, output_schema_version }, schema) => {
    expect(RECORDED_AGENTS[name]).toMatchObject({ model_alias, prompt_version, output_schema_version });
    expect(recordedAgent(name).output_schema).toEqual(schema);
  },
);

describe('a recorded answer is judged by its own question', () => {
  test.each([
    ['intent/trend', 'passed', []],
    ['intent/guarded', 'failed', ['code', 'holdout_leakage']],
    ['report/trend', 'passed', []],
    ['report/reversal', 'passed', []],
    ['shadow/guarded', 'passed', []],
  ])('%s: %s', (name, status, rules) => {
    const report = judgeCassette(shipped(name).cassette);
    expect([report.guard_status, [...new Set(report.findings.map(({ rule }) => rule))]]).toEqual([status, rules]);
  });

  test.each([
    ['a day of the holdout', 'intent/trend', '1. Best from 2013 on.', 'holdout_leakage'],
    ['a cost', 'intent/trend', 'Assume commission_bps = 3.', 'policy_keys'],
    ['a number nobody measured', 'report/trend', 'The Sharpe ratio was 3.21.', 'unsupported_numbers'],
    ['a day after the research window', 'report/trend', 'It ended on 2014-05-02.', 'holdout_leakage'],
  ])('%s is found', (_, name, words, rule) => {
    const text = shipped(name).cassette.answer.text.replace(/"(rationale|summary)": "/, `$&${words} `);
    expect(judgeCassette(recordingOf(name, { text })).findings.map((finding) => finding.rule)).toContain(rule);
  });

  test('an agent that was answered may not ask again', () => {
    const cassette = recordingOf('intent/trend', { text: '{"schema_version":"agent_question_v1","question":"Which index?"}' });
    expect(judgeCassette(cassette).passed).toBe(true);
    const messages = cassette.match.messages.map((message) =>
      message.role === 'user' ? { ...message, content: message.content.replace('{', '{"your_question":"Which?",') } : message,
    );
    expect(judgeCassette({ ...cassette, match: { ...cassette.match, messages } }).findings[0]).toMatchObject({
      rule: 'schema',
      pointer: '/schema_version',
    });
  });

  test('a question that cannot be read is refused, not passed', () => {
    const cassette = recordingOf('report/trend');
    const match = { ...cassette.match, messages: [{ role: 'user' as const, content: 'Write.\n{"facts": {}}' }] };
    expect(() => judgeCassette({ ...cassette, match })).toThrow(/agent "report".*\/facts\/symbols/);
    expect(() => judgeCassette({ ...cassette, match: { ...match, agent: 'constructor' } })).toThrow('no agent "constructor"');
  });
});
