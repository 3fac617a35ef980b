import { createHash } from 'node:crypto';
import { Hono } from 'hono';
import { SCRIPT } from './script.ts';
import { STYLESHEET } from './stylesheet.ts';

// A bar across a line: the hold point.
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1v14" stroke="#8b897e" stroke-width="2"/><rect x="1" y="6" width="14" height="4" fill="#855300"/></svg>';

const FILES = {
  'holdpoint.css': { body: STYLESHEET, type: 'text/css; charset=utf-8' },
  'holdpoint.js': { body: SCRIPT, type: 'text/javascript; charset=utf-8' },
  'holdpoint.svg': { body: ICON, type: 'image/svg+xml' },
};

const hashOf = (body: string): string => createHash('sha256').update(body).digest('hex').slice(0, 12);

/** Address of an asset with its content's hash, so that it can be kept for ever. */
export const assetUrl = (name: keyof typeof FILES): string => `/assets/${name}?v=${hashOf(FILES[name].body)}`;

export const serveAssets = (): Hono => {
  const app = new Hono();
  for (const [name, { body, type }] of Object.entries(FILES)) {
    const hash = hashOf(body);
    app.get(`/assets/${name}`, (c) => {
      const current = c.req.query('v') === hash;
      return c.body(body, 200, {
        'content-type': type,
        etag: `"${hash}"`,
        'cache-control': current ? 'public, max-age=31536000, immutable' : 'no-cache',
      });
    });
  }
  return app;
};
