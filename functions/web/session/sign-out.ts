import { html } from 'hono/html';
import type { Html } from '../pages/layout.ts';

/** The button that ends a session. */
export const signOutForm = (): Html =>
  html`<form class="sign-out" method="post" action="/auth/logout"><button type="submit">Sign out</button></form>`;
