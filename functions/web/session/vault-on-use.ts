import type { KeyRing } from '../../../contracts/ports.ts';
import type { Vault } from './vault.ts';

/** The vault, whose encryption is loaded with the first cookie: environments without sign-in never load it. */
export const vaultOnUse = (options: { ring: () => Promise<KeyRing>; audience: string; now: () => number }): Vault => {
  let loaded: Promise<Vault> | undefined;
  const vault = (): Promise<Vault> => (loaded ??= import('./vault.ts').then(({ createVault }) => createVault(options)));
  return {
    seal: async (purpose, value, seconds) => (await vault()).seal(purpose, value, seconds),
    open: async (purpose, sealed, schema) => (await vault()).open(purpose, sealed, schema),
  };
};
