import type { Actor } from '../../../contracts/events.ts';
import type { WebDeps } from '../deps.ts';

/** Who asks; throws the refusal when nobody known does. */
export const actorOf = (deps: WebDeps, request: Request): Actor => {
  const found = deps.identify(request);
  if (found instanceof Error) throw found;
  return found;
};
