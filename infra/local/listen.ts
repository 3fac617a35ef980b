import { serve } from '@hono/node-server';

export type Listening = { port: number; close(): void };

/** Serves on loopback alone; port 0 takes a free one. Rejects with the error of the socket, such as EADDRINUSE. */
export const listen = (fetch: (request: Request) => Response | Promise<Response>, port: number): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const server = serve({ fetch, port, hostname: '127.0.0.1' }, (info) =>
      resolve({
        port: info.port,
        close: () => {
          server.close();
          if ('closeAllConnections' in server) server.closeAllConnections();
        },
      }),
    );
    server.once('error', reject);
  });
