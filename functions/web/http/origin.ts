import { Refusal } from '../../../contracts/commands.ts';

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;
const SAFE_SITES = new Set(['same-origin', 'none']);
/** Content types a page of another site can post without asking first. */
const FORM_TYPES = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

/** A page elsewhere that resolves its own name to this machine would otherwise be served. */
export const refuseForeignHost = (request: Request): void => {
  const host = new URL(request.url).hostname;
  if (!LOOPBACK.test(host))
    throw new Refusal('FORBIDDEN', `the local environment serves loopback names only, not "${host.slice(0, 100)}"; use 127.0.0.1`);
};

/**
 * Refuses a write that a page of another site sent with this browser's identity. Our own pages send no
 * referrer, so browsers give their forms `Origin: null`; then Sec-Fetch-Site has to vouch.
 */
export const refuseForeignWrite = (request: Request): void => {
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  const known = origin !== null && origin !== 'null';
  if (known && origin !== new URL(request.url).origin && !sameHost(origin, request.url)) {
    throw new Refusal('FORBIDDEN', `this was sent by a page of "${origin.slice(0, 100)}"; decide on Holdpoint's own page`);
  }
  if (site !== null && !SAFE_SITES.has(site)) {
    throw new Refusal(
      'FORBIDDEN',
      `this was sent by a page of another site (Sec-Fetch-Site: ${site.slice(0, 40)}); decide on Holdpoint's own page`,
    );
  }
  const proven = known || site !== null;
  const form = FORM_TYPES.test(request.headers.get('content-type') ?? '');
  if (!proven && (form || origin === 'null')) {
    throw new Refusal('FORBIDDEN', 'a form post must carry Origin or Sec-Fetch-Site; use a current browser, or post JSON');
  }
};

/** Behind a proxy the scheme may differ; the host may not. */
const sameHost = (origin: string, url: string): boolean => URL.canParse(origin) && new URL(origin).host === new URL(url).host;
