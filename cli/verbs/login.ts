import * as z from 'zod';
import { SignInView } from '../../contracts/session.ts';
import { createApi, isLoopback } from '../api.ts';
import { signInByBrowser } from '../browser-sign-in.ts';
import { usage } from '../exit.ts';
import { parsePort, type Verb, withCommon } from '../options.ts';
import type { CommonOptions, Context, Result } from '../runner.ts';
import { forgetToken, storeToken } from '../tokens.ts';

type Options = CommonOptions & { logout?: true; port: number };

const logOut = async (context: Context, endpoint: string): Promise<Result> => {
  const there = await forgetToken(context.world, endpoint);
  context.say(there ? `signed out of ${endpoint}` : `nobody was signed in at ${endpoint}`);
  return { doc: { endpoint, signed_in: false } };
};

const logIn = async (context: Context, endpoint: string, port: number): Promise<Result> => {
  const { world } = context;
  if (!endpoint.startsWith('https:') && !isLoopback(endpoint)) {
    throw usage(`a sign-in is not sent over plain http to ${endpoint}`, 'use an https:// address');
  }
  const plain = {
    base: endpoint,
    find: () => Promise.resolve(endpoint),
    user: undefined,
    version: world.version,
    signal: world.interrupted,
  };
  const { body: view } = await createApi({ ...plain, token: null }).call('GET', '/auth/config', SignInView);
  if (view.issuer === null || view.client_id === null) {
    throw usage(`${endpoint} has nobody sign in`, 'say who acts with --as NAME');
  }
  const signedIn = await signInByBrowser({
    ...{ issuer: view.issuer, clientId: view.client_id, scope: view.scope, port },
    show: (url) => context.note(`Open this address in a browser and sign in:\n${url}`),
    interrupted: world.interrupted,
  });
  // A sign-in that the server does not admit is better known now than at the first decision.
  await createApi({ ...plain, token: signedIn.token }).call('GET', '/status', z.unknown());
  const { token, id, expiresAt } = signedIn;
  const file = await storeToken(world, endpoint, { token, id, expires_at: expiresAt });
  context.say(`signed in at ${endpoint} as ${id} until ${expiresAt}`);
  context.say(`kept in ${file}; "holdpoint login --logout" removes it`);
  return { doc: { endpoint, signed_in: true, id, expires_at: expiresAt, file } };
};

export const login: Verb = (program, run) => {
  withCommon(
    program
      .command('login')
      .description('sign in through your browser; later commands act as you')
      .option('--logout', 'forget the sign-in at this server')
      .option('--port <PORT>', 'port your browser comes back to; 0 picks a free one', parsePort, 0),
  ).action((options: Options) =>
    run(options, async (context) => {
      const endpoint = await context.endpoint();
      return options.logout ? logOut(context, endpoint) : logIn(context, endpoint, options.port);
    }),
  );
};
