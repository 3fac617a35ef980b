import { type Amount, type BudgetPart, NANO_USD } from '../contracts/budget.ts';

const NAMES: Record<BudgetPart, string> = { calls: 'call', tokens: 'token', nano_usd: 'USD' };
const PARTS: readonly BudgetPart[] = ['calls', 'tokens', 'nano_usd'];

/** USD to read; below a cent, to a hundredth of one. */
export const usdText = (usd: number): string => `${usd.toFixed(usd !== 0 && usd < 0.01 ? 4 : 2)} USD`;

/** `1 call`, `20,000 tokens`, `2.00 USD`. */
export const partText = (part: BudgetPart, value: number): string =>
  part === 'nano_usd' ? usdText(value / NANO_USD) : `${value.toLocaleString('en-US')} ${NAMES[part]}${value === 1 ? '' : 's'}`;

/** `20 calls, 200,000 tokens, 2.00 USD`. */
export const amountText = (amount: Amount): string => PARTS.map((part) => partText(part, amount[part])).join(', ');
