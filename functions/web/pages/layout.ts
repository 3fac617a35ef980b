import { html } from 'hono/html';
import type { Actor } from '../../../contracts/events.ts';
import { assetUrl } from '../assets/assets.ts';
import type { Web } from '../deps.ts';
import { clip, visible } from '../model/text.ts';
import { signOutForm } from '../session/sign-out.ts';
import { switchBanner } from './switch-banner.ts';

export type Html = ReturnType<typeof html>;

export type PageOptions = {
  title: string;
  /** Which entry of the navigation this page belongs to. */
  at: (typeof NAV)[number][0] | null;
  actor: Actor | null;
  /** Address of the event stream that keeps the page current. */
  stream?: string;
  /** Without ways to other pages: whoever reads it may not be let into them. */
  bare?: boolean;
  main: Html;
};

const NAV = [
  ['/ui/jobs', 'Jobs'],
  ['/ui/approvals', 'Approvals'],
  ['/ui/rollout', 'Rollout'],
  ['/ui/metrics', 'Metrics'],
  ['/ui/cassettes', 'Cassettes'],
  ['/ui/outbox', 'Outbox'],
] as const;

const nav = (at: PageOptions['at']): Html => html`<nav aria-label="Main"><ul>
${NAV.map(([href, name]) => html`<li><a href="${href}"${at === href ? html` aria-current="page"` : ''}>${name}</a></li>`)}
</ul></nav>`;

const who = (web: Web, actor: Actor | null): Html | string =>
  actor === null
    ? ''
    : html`<p class="who"><span class="quiet">You are</span> <bdi>${visible(actor.id)}</bdi> <span class="quiet">(${actor.identity})</span></p>${web.signIn && actor.identity === 'oidc' ? signOutForm() : ''}`;

/** The frame of every page. */
export const page = (web: Web, options: PageOptions): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${clip(options.title, 120)} – Holdpoint</title>
<link rel="stylesheet" href="${assetUrl('holdpoint.css')}">
<link rel="icon" href="${assetUrl('holdpoint.svg')}" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar"><p class="brand">${options.bare ? html`<strong>Holdpoint</strong>` : html`<a href="/ui/jobs">Holdpoint</a>`} <span class="env">${web.env}</span></p>${options.bare ? '' : nav(options.at)}${who(web, options.actor)}</header>
<main id="main"${options.stream ? html` data-stream="${options.stream}"` : ''}>
${web.switches.current().then(switchBanner)}
${options.main}
</main>
${options.stream ? html`<script src="${assetUrl('holdpoint.js')}" defer></script>` : ''}
</body>
</html>`;
