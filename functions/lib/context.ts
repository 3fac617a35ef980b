import { createHmac, timingSafeEqual } from 'node:crypto';
import { JobContext, type UnsignedContext } from '../../contracts/context.ts';
import { ContextSignatureInvalid, MalformedPayload } from '../../contracts/errors.ts';
import type { KeyRing } from '../../contracts/ports.ts';
import { canonicalJson } from './canonical-json.ts';

const mac = (secret: string, content: unknown): Buffer => createHmac('sha256', secret).update(canonicalJson(content)).digest();

/** Signs with the ring's current key: HMAC-SHA256 (RFC 2104) over canonical JSON without `signature`. */
export const signContext = (ring: KeyRing, context: UnsignedContext): JobContext => {
  const secret = ring.keys[ring.current];
  if (!secret) throw new Error(`the key ring names "${ring.current}" as current but does not hold it`);
  // A context made from an earlier one still carries that one's signature.
  const { signature: _, ...rest }: UnsignedContext & { signature?: string } = context;
  const content = { ...rest, key_id: ring.current };
  return { ...content, signature: mac(secret, content).toString('hex') };
};

/**
 * Reads a context as it arrives in a state. `states` are the states it may be meant for: usually one; a
 * state that catches failures accepts any (`null`).
 * @throws MalformedPayload when it does not have the shape
 * @throws ContextSignatureInvalid when altered, of an unknown key, or meant for another run or state
 */
export const openContext = (ring: KeyRing, raw: unknown, expected: { run_id: string; states: readonly string[] | null }): JobContext => {
  const parsed = JobContext.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new MalformedPayload(
      `context${issue ? ` at /${issue.path.join('/')}: ${issue.message}` : ''}; start the execution with a job spec`,
    );
  }
  const { signature, ...content } = parsed.data;
  const secret = ring.keys[content.key_id];
  if (!secret) throw new ContextSignatureInvalid(`context of job ${content.job_id} is signed with unknown key "${content.key_id}"`);
  if (!timingSafeEqual(mac(secret, content), Buffer.from(signature, 'hex'))) {
    throw new ContextSignatureInvalid(`context of job ${content.job_id} for state ${content.state} was altered`);
  }
  if (content.run_id !== expected.run_id) {
    throw new ContextSignatureInvalid(`context belongs to execution ${content.run_id}, not ${expected.run_id}`);
  }
  if (expected.states !== null && !expected.states.includes(content.state)) {
    throw new ContextSignatureInvalid(`context is meant for state ${content.state}, not ${expected.states.join(' or ')}`);
  }
  return parsed.data;
};
