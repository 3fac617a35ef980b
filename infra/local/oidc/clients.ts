import { timingSafeEqual } from 'node:crypto';

export type LocalClient = { id: string; secret: string | null; path: string };

/** The pages keep a secret; the command line cannot. The secret protects nothing: the provider listens on this machine only. */
export const WEB_CLIENT: LocalClient = { id: 'holdpoint-local', secret: 'local-only-client-secret', path: '/auth/callback' };
export const CLI_CLIENT: LocalClient = { id: 'holdpoint-cli', secret: null, path: '/callback' };

export const clientOf = (id: string | null): LocalClient | undefined => [WEB_CLIENT, CLI_CLIENT].find((client) => client.id === id);

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])$/;

/** Loopback, any port, the client's own path (RFC 8252, section 7.3). */
export const mayReturnTo = (client: LocalClient, uri: string | null): uri is string => {
  if (uri === null || !URL.canParse(uri)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(uri);
  return protocol === 'http:' && LOOPBACK.test(hostname) && pathname === client.path && search === '' && hash === '';
};

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const sent = (authorization: string | undefined, form: URLSearchParams): { id: string | null; secret: string | null } => {
  const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return { id: form.get('client_id'), secret: form.get('client_secret') };
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':');
  return { id: decode(id), secret: decode(secret) };
};

/** The client that authenticated itself at the token endpoint; undefined when it did not. */
export const authenticated = (authorization: string | undefined, form: URLSearchParams): LocalClient | undefined => {
  const { id, secret } = sent(authorization, form);
  const client = clientOf(id);
  if (!client || client.secret === null) return client;
  const [given, right] = [Buffer.from(secret ?? ''), Buffer.from(client.secret)];
  return given.length === right.length && timingSafeEqual(given, right) ? client : undefined;
};
