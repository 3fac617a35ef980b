import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import { DEFAULT_ADDRESS } from '../../../contracts/notification.ts';
import { ENVIRONMENTS, type Environment } from '../../environments.ts';
import { FUNCTIONS } from '../../functions.ts';
import { functionName } from '../../names.ts';
import { ACCOUNT, BUCKET_SETTINGS, REGION } from '../settings.ts';
import { type Policies, readPolicy } from './policy.ts';
import { type Documents, extractDocuments, Template } from './template.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const CACHE = path.join(ROOT, '.cache/iam-policies.json');

/** This cloud as the stack would build it: like the environment of developers; answers can be recorded, and people told by e-mail. */
const local = (): Environment => {
  const dev = ENVIRONMENTS.find(({ name }) => name === 'dev');
  if (!dev) throw new Error('infra/environments.ts has no environment "dev", after which the local cloud is modelled');
  const approvals = { ...dev.approvals, recipients: [{ approver: null, channel: 'email' as const, address: DEFAULT_ADDRESS }] };
  return { ...dev, name: 'local', account: ACCOUNT, region: REGION, approvals, llm: { ...dev.llm, mode: 'record' } };
};

/** What the policies are made of. Functions' code is not: a stub stands in for it. */
const sources = (): string[] => {
  const below = (folder: string) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => path.join(folder, file));
  const wanted = (file: string) => /\.(ts|json)$/.test(file) && !file.endsWith('.test.ts') && !/^infra.local.(?!iam|settings)/.test(file);
  return ['package-lock.json', ...[...below('infra'), ...below('contracts'), ...below('statemachines')].filter(wanted).sort()];
};

const digest = (): string => {
  const hash = createHash('sha256');
  for (const file of sources())
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(ROOT, file)))
      .update('\0');
  return hash.digest('hex');
};

/** Seconds of work: the construct library is loaded here, and only here. */
const synthesize = async (): Promise<Documents> => {
  const environment = local();
  const [{ buildApp }, { Code }] = await Promise.all([import('../../aws/build.ts'), import('aws-cdk-lib/aws-lambda')]);
  const outdir = mkdtempSync(path.join(tmpdir(), 'holdpoint-iam-'));
  try {
    const app = buildApp({ environments: [environment], code: () => Code.fromInline('exports.handler = null'), outdir });
    const assembly = app.synth({ skipValidation: true });
    const [state, service] = ['state', 'service'].map((stack) =>
      Template.parse(assembly.getStackByName(`holdpoint-${environment.name}-${stack}`).template),
    );
    if (!state || !service) throw new Error('the app of the local environment lacks a stack');
    return extractDocuments(state, service, functionName(environment, ''));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};

const byName = z.record(z.string(), z.array(z.unknown()));
const Cached = z.object({ digest: z.string(), documents: z.object({ functions: byName, buckets: byName }) });

const cached = (wanted: string): Documents | null => {
  try {
    const found = Cached.parse(JSON.parse(readFileSync(CACHE, 'utf8')));
    return found.digest === wanted ? found.documents : null;
  } catch {
    // Not there yet, or cut off: it is made anew.
    return null;
  }
};

const keep = (entry: z.infer<typeof Cached>): void => {
  const draft = `${CACHE}.${process.pid}`;
  try {
    mkdirSync(path.dirname(CACHE), { recursive: true });
    writeFileSync(draft, JSON.stringify(entry));
    renameSync(draft, CACHE);
  } catch {
    // A tree that cannot be written to works as well, only slower.
  }
};

const documents = async (): Promise<Documents> => {
  const wanted = digest();
  const found = cached(wanted);
  if (found) return found;
  const made = await synthesize();
  keep({ digest: wanted, documents: made });
  return made;
};

/** Every name that calls or is called here has policies of its own: one that had none would be judged by nothing. */
const readAll = (of: Record<string, unknown[]>, names: readonly string[]): Policies['functions'] =>
  Object.fromEntries(
    names.map((name) => {
      const policies = Object.hasOwn(of, name) ? of[name] : undefined;
      if (!policies) throw new Error(`the stack has no policy for "${name}" of the local cloud, only for ${Object.keys(of).join(', ')}`);
      return [name, readPolicy(policies)];
    }),
  );

let loaded: Promise<Policies> | undefined;

/**
 * The policies that the stack would give to functions and buckets of an environment named `local`. Synthesized when its
 * sources changed, otherwise read from `.cache`.
 * @throws Error when the template holds what cannot be evaluated here
 */
export const localPolicies = (): Promise<Policies> => {
  loaded ??= documents().then(({ functions, buckets }) => ({
    functions: readAll(
      functions,
      FUNCTIONS.map(({ name }) => name),
    ),
    buckets: readAll(buckets, Object.keys(BUCKET_SETTINGS)),
  }));
  return loaded;
};
