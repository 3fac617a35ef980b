import type { SmokeCheck } from '../../contracts/smoke.ts';
import { TIERS } from '../../functions/lib/cassette/drift.ts';
import { regress } from '../../functions/lib/cassette/regress.ts';
import { checkStaleness } from '../../functions/lib/cassette/staleness.ts';
import { caseName } from '../cassette/find.ts';
import { readFolder } from '../cassette/folder.ts';
import { CliError } from '../exit.ts';

/** Days until an answer of a model expires: as in `cassette check`. */
const MAX_AGE_DAYS = 90;
/** Drift that fails: as in `regress`. */
const FAILS = TIERS.indexOf('warn');
const SHOWN = 3;

const shorten = (places: readonly string[]): string =>
  `${places.slice(0, SHOWN).join(', ')}${places.length > SHOWN ? ` and ${places.length - SHOWN} more` : ''}`;

/** Whether the fixtures of a folder are fresh, and replay as expected. Only a checkout has them. */
export const checkFixtures = async (folder: string, now: Date): Promise<SmokeCheck> => {
  const failed = (reason: string): SmokeCheck => ({ id: 'fixtures', verdict: 'failed', reason });
  try {
    const fixtures = await readFolder(folder);
    const named = fixtures.map((fixture) => ({ name: caseName(fixture), cassette: fixture.cassette }));
    const stale = checkStaleness(named, { now, maxAgeDays: MAX_AGE_DAYS, models: null, used: null }).filter(
      ({ state }) => state !== 'fresh',
    );
    if (stale.length > 0) {
      const places = stale.map(({ name, state, reasons }) => `${name} is ${state} (${reasons[0]?.reason})`);
      return failed(`stale fixtures: ${shorten(places)}; see "holdpoint cassette check --fixtures"`);
    }
    const drifted = fixtures.map(regress).filter(({ drift }) => drift.some(({ tier }) => TIERS.indexOf(tier) >= FAILS));
    if (drifted.length > 0) return failed(`fixtures drifted: ${shorten(drifted.map(caseName))}; see "holdpoint regress"`);
    return { id: 'fixtures', verdict: 'ok', reason: `${fixtures.length} fixtures are fresh and replay as expected` };
  } catch (error) {
    if (error instanceof CliError) return failed(error.message);
    throw error;
  }
};
