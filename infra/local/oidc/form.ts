import { html } from 'hono/html';
import type { LocalPerson } from './people.ts';

type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 420px; margin: 48px auto; padding: 0 16px; }
form { display: grid; gap: 12px; }
button { font: inherit; min-height: 48px; padding: 0 16px; text-align: left; }
`;

/** The sign-in form: one button per person, and one to turn back. Works without script. */
export const signInForm = (people: readonly LocalPerson[], client: string, request: URLSearchParams): Html =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Local sign-in</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Sign in</h1>
<p>This stands in for your identity provider on this machine. It asks for no password. <strong>${client}</strong> wants to know who you are.</p>
<form method="post" action="/authorize">
${[...request].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${people.map(({ id, name, email }) => html`<button name="person" value="${id}">${name} (${email})</button>`)}
<button name="person" value="">Do not sign in</button>
</form>
</main>
</body>
</html>`;

export const refusalPage = (why: string): Html =>
  html`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Local sign-in</title></head>
<body><main><h1>This sign-in request is wrong</h1><p>${why}</p></main></body></html>`;
