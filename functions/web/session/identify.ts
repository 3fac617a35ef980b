import { Buffer, isUtf8 } from 'node:buffer';
import type { Env } from '../../../adapters/env.ts';
import { issuerOnUse } from '../../../adapters/oidc/issuer-on-use.ts';
import type { World } from '../../../adapters/world.ts';
import { Refusal } from '../../../contracts/commands.ts';
import { ActorId } from '../../../contracts/ids.ts';
import { createSignIn, type SignIn } from './sign-in.ts';
import { vaultOnUse } from './vault-on-use.ts';
import { type Identify, identifyVerified, verifiedClaims } from './verified.ts';

/** Locally the caller says who they are; on this machine only, and the log says that nobody checked. */
const USER_HEADER = 'x-holdpoint-user';
const LOCAL_USER = 'local-user';

/** A header is bytes: where they are UTF-8, that is what was written. */
const written = (header: string): string => {
  const bytes = Buffer.from(header, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : header;
};

const identifyLocal: Identify = (request) => {
  const id = ActorId.safeParse(written(request.headers.get(USER_HEADER) ?? LOCAL_USER));
  if (!id.success) return new Refusal('INVALID_INPUT', `${USER_HEADER}: ${id.error.issues[0]?.message}`);
  return { actor: { type: 'user', id: id.data, identity: 'local' }, groups: [] };
};

/** Sign-in as configured; null where it is off. Sessions and tokens run out in real time, whatever the world's clock says. */
const signInOf = (env: Env, world: World, identify: Identify, local: boolean): SignIn | null => {
  const config = env.signIn;
  if (!config) return null;
  return createSignIn({
    config,
    issuer: issuerOnUse(config, { region: env.AWS_REGION, now: Date.now }),
    vault: vaultOnUse({ ring: world.keyRing, audience: `${env.HOLDPOINT_ENV} ${config.issuer} ${config.client_id}`, now: Date.now }),
    verified: local ? () => null : verifiedClaims,
    otherwise: identify,
  });
};

/** Who asks, and where people sign in, as the environment says. */
export const identityOf = (env: Env, world: World, local: boolean): { signIn: SignIn | null; callerOf: Identify } => {
  const identify = local ? identifyLocal : identifyVerified(env);
  const signIn = signInOf(env, world, identify, local);
  return { signIn, callerOf: signIn?.caller ?? identify };
};
