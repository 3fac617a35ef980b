import type { Issuer, SignInConfig } from '../../contracts/session.ts';

/** The issuer, whose protocol is loaded with the first sign-in or token: environments without sign-in never load it. */
export const issuerOnUse = (settings: SignInConfig, options: { region: string; now: () => number }): Issuer => {
  let loaded: Promise<Issuer> | undefined;
  const issuer = (): Promise<Issuer> => (loaded ??= import('./issuer.ts').then(({ createIssuer }) => createIssuer(settings, options)));
  return {
    begin: async (asked) => (await issuer()).begin(asked),
    finish: async (callback, expected) => (await issuer()).finish(callback, expected),
    verify: async (token) => (await issuer()).verify(token),
  };
};
