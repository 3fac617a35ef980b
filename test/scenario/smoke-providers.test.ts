import { expect, it } from 'vitest';
import { cli } from '../../cli/testing/world.ts';
import { SmokeResult } from '../../contracts/smoke.ts';
import { startTestCloud } from '../support/cloud.ts';
import { BRISK } from '../support/journeys/rollout.ts';

it('smoke asks each provider of the chain whether it is there and takes its key, and asks no model', async () => {
  const cloud = await startTestCloud({ environment: BRISK, simulate: {} });
  const providers = async () => {
    const { exit, stdout } = await cli(['smoke', '--endpoint', cloud.web, '--json', '--no-fixtures']);
    return { exit, ...SmokeResult.parse(JSON.parse(stdout)).checks.find(({ id }) => id === 'providers') };
  };
  try {
    expect(await providers()).toMatchObject({ exit: 0, verdict: 'ok' });
    cloud.simulator?.setFaults([
      { kind: 'auth', protocol: 'anthropic', times: Number.POSITIVE_INFINITY },
      { kind: 'reset', protocol: 'openai', times: Number.POSITIVE_INFINITY },
    ]);
    const bad = await providers();
    expect(bad).toMatchObject({ exit: 1, verdict: 'failed' });
    expect(bad.reason).toMatch(
      /^provider 1 \(anthropic\) refuses the key: status 401 for the key in HOLDPOINT_SIMULATED_KEY; put a valid key there; /,
    );
    expect(bad.reason).toMatch(/; provider 2 \(127\.0\.0\.1\) cannot be reached: http:\/\/127\.0\.0\.1:\d+\/v1: \w+/);
    expect(JSON.stringify(bad)).not.toContain('simulated-key');
    expect(cloud.simulator?.requests().map(({ path }) => path)).toEqual(['/v1/models', '/v1/models', '/v1/models', '/v1/models']);
  } finally {
    await cloud.remove();
  }
});
