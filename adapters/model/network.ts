import { PermanentError } from '../../contracts/errors.ts';
import type { NetworkAccess, ProviderTarget } from '../../contracts/llm-config.ts';

/** A call to a provider was about to leave although the configuration forbids it. No socket was opened. */
export class NetworkDisabled extends PermanentError {
  override name = 'NetworkDisabled';
}

/** Whether a URL stays on this machine. Names other than localhost could resolve to anywhere. */
export const isLoopback = (url: string): boolean => {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
};

/** Whether a provider may be called at all. `mock` needs no network. */
export const isReachable = (access: NetworkAccess, { kind, base_url }: Pick<ProviderTarget, 'kind' | 'base_url'>): boolean =>
  kind === 'mock' || access === 'allowed' || (access === 'loopback' && base_url !== null && isLoopback(base_url));

/** `fetch` that goes to the provider's own URL only: no redirect carries a key elsewhere. */
export const guardedFetch = (access: NetworkAccess, target: ProviderTarget): typeof fetch => {
  const origin = target.base_url === null ? null : new URL(target.base_url).origin;
  return async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!isReachable(access, target) || new URL(url).origin !== origin) {
      throw new NetworkDisabled(
        `a call to ${new URL(url).origin} was refused: only ${origin ?? 'nothing'} may be called, network ${access}`,
      );
    }
    return fetch(input, { ...init, redirect: 'error' });
  };
};
