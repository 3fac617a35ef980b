import { type BundleOptions, bundle, bundleBytes } from '../../infra/aws/bundle.ts';
import { carried, startLimit } from '../../infra/aws/bundle-rules.ts';
import { FUNCTIONS, type FunctionSpec } from '../../infra/functions.ts';
import { code, codes, page, table } from './markdown.ts';

/** Rounded up, so that not every change of code changes this page. */
const STEP = 50_000;
const kb = (bytes: number): string => (bytes === 0 ? '' : String((Math.ceil(bytes / STEP) * STEP) / 1000));

const WHOLE: BundleOptions = { providers: ['anthropic', 'bedrock', 'openai-compatible'], signIn: true };

/** Functions that may be given the packages of providers. */
const MODEL_CALLERS: readonly string[] = ['intent', 'report', 'stop'];

const packagesOf = (sources: readonly string[]): string[] => [
  ...new Set(sources.flatMap((source) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? [])),
];

type Measured = { spec: FunctionSpec; start: number; later: number; sources: readonly string[]; packages: readonly string[] };

const measure = (spec: FunctionSpec): Measured => {
  const made = bundle(spec, { ...WHOLE, providers: MODEL_CALLERS.includes(spec.name) ? WHOLE.providers : [] });
  return { spec, ...bundleBytes(made), sources: made.sources, packages: packagesOf(made.sources) };
};

const rowOf = ({ spec, start, later, sources, packages }: Measured, everywhere: readonly string[]): string[] => [
  code(spec.name),
  kb(start),
  String(startLimit(spec.name) / 1000),
  kb(later),
  carried(spec.name, sources).join(', '),
  codes(packages.filter((name) => !everywhere.includes(name))),
];

/** What each function carries, measured from its bundle. */
export const bundlesPage = (): string => {
  const all = FUNCTIONS.map(measure);
  const everywhere = packagesOf(all.flatMap(({ sources }) => sources)).filter((name) =>
    all.every(({ packages }) => packages.includes(name)),
  );
  return page(
    'Bundles',
    '`infra/aws/bundle.ts`',
    `Minified, in KB of 1000 bytes, rounded up to ${STEP / 1000}. *At start* is what Node reads and compiles before the first request; a test fails above the limit. *On use* loads when it is first needed: the packages of model providers where an environment may call them, sign-in where it has an issuer, the parser of tables.`,
    table(
      ['function', 'at start', 'limit', 'on use', 'carries what not all do', 'packages that not all have'],
      all.map((measured) => rowOf(measured, everywhere)),
    ),
    `All have ${codes(everywhere)}. The AWS SDK is in none: it comes with the Lambda runtime, as [decision 15](../decisions/0015-the-sdk-comes-with-the-runtime.md) says.`,
    `What a function may carry is written in ${code('infra/aws/bundle-rules.ts')}; a test fails where a bundle has a module of another function, or one that is kept for others.`,
  );
};
