// Completes package-lock.json with optional packages of other platforms. A registry that mirrors only some of them
// makes npm leave the others out, and "npm ci" then refuses the lock file everywhere. Plain JavaScript: it must run
// before anything is installed. With --check it writes nothing and fails when an entry is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const LOCK = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'win32', 'openharmony', 'netbsd', 'openbsd', 'sunos', 'aix'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32'];

const libcOf = (name, system) => {
  if (name.includes('musl')) return { libc: ['musl'] };
  return system === 'linux' && name.includes('gnu') ? { libc: ['glibc'] } : {};
};

/** What npm would write for a package whose name says where it runs. */
const entryOf = (name, version, dev) => {
  const short = name.split('/').at(-1);
  const system = SYSTEMS.find((one) => short.includes(one));
  const processor = PROCESSORS.find((one) => new RegExp(`(^|-)${one}`).test(short));
  return {
    version,
    ...(dev ? { dev: true } : {}),
    optional: true,
    ...(system ? { os: [system] } : {}),
    ...(processor ? { cpu: [processor] } : {}),
    ...libcOf(short, system),
  };
};

const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {}, dev }]) =>
  Object.entries(optionalDependencies)
    .filter(
      ([name, version]) =>
        /^\d/.test(version) && !(`${path}/node_modules/${name}` in lock.packages) && !(`node_modules/${name}` in lock.packages),
    )
    .map(([name, version]) => [`node_modules/${name}`, entryOf(name, version, dev)]),
);

if (process.argv.includes('--check')) {
  for (const [path] of missing) process.stderr.write(`package-lock.json lacks ${path}; run "node tools/complete-lock.mjs"\n`);
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (missing.length > 0) {
  const { '': root, ...packages } = { ...lock.packages, ...Object.fromEntries(missing) };
  const sorted = Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1));
  lock.packages = { '': root, ...Object.fromEntries(sorted) };
  writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`${missing.length} optional packages added\n`);
}
