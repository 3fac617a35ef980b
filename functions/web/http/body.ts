import type * as z from 'zod';
import { Refusal } from '../../../contracts/commands.ts';
import { parseInput } from './input.ts';

const tooLarge = (what: string, limit: number): Refusal =>
  new Refusal('PAYLOAD_TOO_LARGE', `${what} is larger than ${limit} bytes; send less`, { limit_bytes: limit });

/** Reads a body as UTF-8, and stops reading once it is over the limit. */
export const readText = async (request: Request, limit: number, what: string): Promise<string> => {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge(what, limit);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(what, limit);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new Refusal('INVALID_INPUT', `${what} is not UTF-8 (${String(cause)}); save it as UTF-8 and send it again`);
  }
};

// Half of a surrogate pair has no canonical JSON, so no digest.
const wellFormed = (key: string, value: unknown): unknown => {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
    throw new SyntaxError(`"${key.toWellFormed().slice(0, 60)}" holds half of a surrogate pair`);
  }
  return value;
};

/** Reads a JSON body through its schema. An absent body stands for `{}` where `optional`. */
export const readJson = async <S extends z.ZodType>(
  request: Request,
  schema: S,
  options: { limit: number; what: string; optional?: boolean },
): Promise<z.infer<S>> => {
  const text = await readText(request, options.limit, options.what);
  if (text === '' && options.optional) return parseInput(schema, {}, options.what);
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Refusal('INVALID_INPUT', `${options.what} must be sent as content-type application/json, not "${type.slice(0, 100)}"`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text, wellFormed);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Refusal('INVALID_INPUT', `${options.what} is not JSON: ${why.slice(0, 300)}`);
  }
  return parseInput(schema, value, options.what);
};

/** Reads the fields of an HTML form; the last of two fields of one name counts. */
export const readForm = async (request: Request, limit: number): Promise<Record<string, string>> => {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new Refusal('INVALID_INPUT', `the form must be sent as application/x-www-form-urlencoded, not "${type.slice(0, 100)}"`);
  }
  return Object.fromEntries(new URLSearchParams(await readText(request, limit, 'the form')));
};
