import { CompileRefused } from '../../contracts/errors.ts';
import { POLICY_BUNDLES, type PolicyBundle } from '../../contracts/policy-bundle.ts';

/** A shipped policy bundle. Throws `CompileRefused` naming those there are. */
export const policyBundle = (id: string): PolicyBundle => {
  const bundle = Object.hasOwn(POLICY_BUNDLES, id) ? POLICY_BUNDLES[id] : undefined;
  if (bundle) return bundle;
  throw new CompileRefused(`there is no policy bundle "${id}"; this build has ${Object.keys(POLICY_BUNDLES).join(', ')}`);
};
