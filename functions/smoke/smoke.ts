import { SmokeResult } from '../../contracts/smoke.ts';
import { defineStage } from '../../contracts/stage.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { json } from '../lib/decode.ts';
import { judgeSmoke, verdictOf } from '../lib/smoke/judge.ts';

const PATH = 'outputs/smoke/smoke_report.json';

const read = json(SmokeResult);

// What leaves the stage is text of this table: a test proves it of everything that control flow reads.
const ROUTES = { GO: 'go', NO_GO: 'no_go' } as const;

/** Stage 0: whether the environment may be rolled out to. Asked again, it answers with what it found the first time. */
export const smoke = defineStage({
  reads: {},
  run: async ({ job_id, state, at, facts }, { smoke: effects, once }) => {
    if (!effects || !once) throw new Error(`state "${state}" was given nothing to look at; it comes with functions/stage/smoke.ts`);
    const text = await once(PATH, async () => {
      const findings = await effects.look();
      const checks = judgeSmoke(findings, facts);
      const verdict = verdictOf(checks);
      const result: SmokeResult = { schema_version: 'smoke_report_v1', verdict, rollout: job_id, env: findings.env, stage: 0, checks, at };
      return canonicalJson(result);
    });
    const { verdict } = read(text);
    return {
      artifacts: [{ name: 'smoke_report', path: PATH, body: text, content_type: 'application/json' }],
      event: null,
      facts: { smoke: ROUTES[verdict] },
      route: { smoke: ROUTES[verdict] },
    };
  },
});
