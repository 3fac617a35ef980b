/** Colours, sizes and spaces. Every text colour has a contrast of at least 4.5 on every surface it stands on. */
export const TOKENS = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --surface: #f5f5f2; --sunken: #ecece7;
  --ink: #191917; --quiet: #5a5953; --line: #d6d5cd; --strong: #8b897e;
  --link: #0a4c8c; --accent: #191917; --on-accent: #ffffff;
  --good: #1b6a34; --bad: #ab1f18; --wait: #855300; --run: #0a4c8c;
  --good-wash: #edf6ee; --bad-wash: #fcefed; --wait-wash: #fdf5e4;
  --live: #b3201a; --record: #855300; --replay: #1d5796; --degraded: #65399b; --on-mode: #ffffff;
  --large: 1.375rem; --base: 1rem; --small: 0.8125rem;
  --s1: 4px; --s2: 8px; --s3: 12px; --s4: 16px; --s6: 24px; --s8: 32px; --s12: 48px;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #151514; --surface: #1f1f1d; --sunken: #292926;
    --ink: #edece6; --quiet: #a9a79d; --line: #3b3a36; --strong: #78766c;
    --link: #8fbdf2; --accent: #edece6; --on-accent: #151514;
    --good: #7fce93; --bad: #ff9a90; --wait: #edb64e; --run: #8fbdf2;
    --good-wash: #17271b; --bad-wash: #331a18; --wait-wash: #2e2513;
    --live: #ff8f85; --record: #edb64e; --replay: #8fbdf2; --degraded: #cba6f5; --on-mode: #151514;
  }
}
@media print {
  :root { --paper: #fff; --surface: #fff; --sunken: #fff; --ink: #000; --quiet: #444; --link: #000; }
}
`;
