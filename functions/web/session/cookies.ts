import { parse, serialize } from 'hono/utils/cookie';
import type { Purpose } from './vault.ts';

const isSecure = (request: Request): boolean => new URL(request.url).protocol === 'https:';

/** `__Host-` binds a cookie to this very host over https (RFC 6265bis); browsers refuse it on plain http. */
const nameOf = (request: Request, purpose: Purpose): string => `${isSecure(request) ? '__Host-' : ''}holdpoint-${purpose}`;

export const readCookie = (request: Request, purpose: Purpose): string | null =>
  parse(request.headers.get('cookie') ?? '')[nameOf(request, purpose)] || null;

/** A `Set-Cookie` header. `seconds` 0 removes the cookie. */
export const setCookie = (request: Request, purpose: Purpose, value: string, seconds: number): string =>
  // Lax, not Strict: the way back from the issuer is a navigation from another site.
  serialize(nameOf(request, purpose), value, {
    ...{ path: '/', httpOnly: true, sameSite: 'Lax', maxAge: seconds },
    ...(isSecure(request) ? { secure: true } : {}),
  });

export const removeCookie = (request: Request, purpose: Purpose): string => setCookie(request, purpose, '', 0);
