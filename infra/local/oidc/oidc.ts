import { join } from 'node:path';
import { listen } from '../listen.ts';
import { CLI_CLIENT, WEB_CLIENT } from './clients.ts';
import { keep, keptKey, signingKey } from './keys.ts';
import { PEOPLE } from './people.ts';
import { createProvider, idTokenClaims, type ProviderOptions, signer } from './provider.ts';

export type OidcOptions = {
  dataDir: string;
  /** Milliseconds since 1970. */
  now?: () => number;
  idToken?: ProviderOptions['idToken'];
};

export type Oidc = {
  issuer: string;
  /** Variables that point the web function at this provider. */
  variables: Record<string, string>;
  /** A token of the command line's client for one of the people, as `holdpoint login` would get it. */
  tokenFor(person: string): Promise<string>;
  close(): void;
};

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

/** Starts the local OpenID provider, on the port of the last start where that is free. */
export const startOidc = async ({ dataDir, now = Date.now, idToken }: OidcOptions): Promise<Oidc> => {
  const file = join(dataDir, 'oidc.json');
  const kept = await keptKey(file);
  const key = await signingKey(kept.key);
  let issuer = '';
  const options = { issuer: () => issuer, key, now, idToken };
  const provider = createProvider(options);
  const fetch = (request: Request) => provider.fetch(request);
  const server = await listen(fetch, kept.port ?? 0).catch((error: unknown) => {
    if (isTaken(error)) return listen(fetch, 0);
    throw error;
  });
  issuer = `http://127.0.0.1:${server.port}`;
  keep(file, { port: server.port, key: kept.key });
  return {
    issuer,
    variables: {
      HOLDPOINT_OIDC_ISSUER: issuer,
      HOLDPOINT_OIDC_CLIENT_ID: WEB_CLIENT.id,
      HOLDPOINT_OIDC_CLIENT_SECRET: WEB_CLIENT.secret ?? '',
      HOLDPOINT_OIDC_CLI_CLIENT_ID: CLI_CLIENT.id,
    },
    tokenFor: (id) => {
      const person = PEOPLE.find((one) => one.id === id);
      if (!person) throw new Error(`nobody here is called "${id}"; there are ${PEOPLE.map((one) => one.id).join(', ')}`);
      return signer(key)(idTokenClaims(options, person, CLI_CLIENT.id));
    },
    close: () => server.close(),
  };
};
