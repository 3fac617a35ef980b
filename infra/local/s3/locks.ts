import { type Bucket, NO_LOCK, setLock } from './bucket.ts';
import { accessDenied, invalidArgument, S3Error } from './errors.ts';
import type { Lock } from './object-file.ts';
import { type Operation, respond, type S3Request, xmlAnswer } from './request.ts';
import { requireVersion } from './target.ts';
import { leaf, xmlDocument } from './xml.ts';
import { childText, parseXml } from './xml-parse.ts';

const MODE = 'x-amz-object-lock-mode';
const UNTIL = 'x-amz-object-lock-retain-until-date';
const HOLD = 'x-amz-object-lock-legal-hold';

const mayBypass = (headers: Record<string, string>) => headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true';

const isRetained = (lock: Lock, now: Date) => lock.until !== null && Date.parse(lock.until) > now.getTime();

const invalidRequest = (message: string) => new S3Error(400, 'InvalidRequest', message);

function requireLocking(bucket: Bucket): void {
  if (!bucket.config.objectLock) throw invalidRequest('Bucket is missing Object Lock Configuration');
}

function retention(mode: string | undefined, until: string | undefined, now: Date): Pick<Lock, 'mode' | 'until'> {
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw invalidArgument('Mode', mode ?? '', 'GOVERNANCE or COMPLIANCE');
  const at = Date.parse(until ?? '');
  if (Number.isNaN(at)) throw invalidArgument('RetainUntilDate', until ?? '', 'an ISO 8601 time');
  if (at <= now.getTime()) throw invalidArgument('RetainUntilDate', until ?? '', 'in the future');
  return { mode, until: new Date(at).toISOString() };
}

function onOff(value: string): boolean {
  if (value !== 'ON' && value !== 'OFF') throw invalidArgument('LegalHold', value, 'ON or OFF');
  return value === 'ON';
}

/** The lock a new version asks for by its headers. */
export function lockFromHeaders(request: S3Request, bucket: Bucket): Lock {
  const { [MODE]: mode, [UNTIL]: until, [HOLD]: hold } = request.headers;
  if (mode === undefined && until === undefined && hold === undefined) return NO_LOCK;
  requireLocking(bucket);
  if ((mode === undefined) !== (until === undefined)) {
    throw invalidRequest(`${UNTIL} and ${MODE} must both be supplied`);
  }
  const period = mode === undefined ? { mode: null, until: null } : retention(mode, until, bucket.now());
  return { ...period, hold: hold !== undefined && onOff(hold) };
}

export const lockHeaders = ({ mode, until, hold }: Lock): Record<string, string> => ({
  ...(mode && until ? { [MODE]: mode, [UNTIL]: until } : {}),
  ...(hold ? { [HOLD]: 'ON' } : {}),
});

/** Throws 403 when this version must stay. Governance yields to the bypass header, compliance and a legal hold to nothing. */
export function refuseLocked(lock: Lock, headers: Record<string, string>, now: Date): void {
  if (lock.hold) throw accessDenied('Access Denied because object protected by object lock: it is under legal hold');
  if (!isRetained(lock, now) || (lock.mode === 'GOVERNANCE' && mayBypass(headers))) return;
  throw accessDenied(`Access Denied because object protected by object lock: ${lock.mode} until ${lock.until}`);
}

/** Retention may always grow; to shrink or weaken it is like deleting. */
function changeRetention(request: S3Request, bucket: Bucket, lock: Lock): Lock {
  const document = parseXml(request.body.toString('utf8'));
  const mode = childText(document, 'Mode');
  const next = mode === undefined ? NO_LOCK : retention(mode, childText(document, 'RetainUntilDate'), bucket.now());
  const shrinks = Date.parse(next.until ?? '') < Date.parse(lock.until ?? '') || next.until === null;
  const weakens = lock.mode === 'COMPLIANCE' && next.mode !== 'COMPLIANCE';
  const changesMode = lock.mode !== null && next.mode !== lock.mode;
  if (shrinks || weakens || changesMode) refuseLocked({ ...lock, hold: false }, request.headers, bucket.now());
  return { mode: next.mode, until: next.until, hold: lock.hold };
}

const lockOf = (request: S3Request, bucket: Bucket) => {
  requireLocking(bucket);
  return requireVersion(bucket, request, request.query.get('versionId'));
};

export const putRetention: Operation = async (request, bucket) => {
  await setLock(bucket, lockOf(request, bucket), (lock) => changeRetention(request, bucket, lock));
  return respond(200);
};

export const getRetention: Operation = (request, bucket) => {
  const { mode, until } = lockOf(request, bucket).meta.lock;
  if (!mode || !until) throw noConfiguration('The specified object does not have a ObjectLock configuration');
  return xmlAnswer(xmlDocument('Retention', [leaf('Mode', mode), leaf('RetainUntilDate', until)]));
};

export const putLegalHold: Operation = async (request, bucket) => {
  const document = parseXml(request.body.toString('utf8'));
  const hold = onOff(childText(document, 'Status') ?? '');
  await setLock(bucket, lockOf(request, bucket), (lock) => ({ ...lock, hold }));
  return respond(200);
};

export const getLegalHold: Operation = (request, bucket) =>
  xmlAnswer(xmlDocument('LegalHold', [leaf('Status', lockOf(request, bucket).meta.lock.hold ? 'ON' : 'OFF')]));

export const getLockConfiguration: Operation = (_request, bucket) => {
  if (bucket.config.objectLock) return xmlAnswer(xmlDocument('ObjectLockConfiguration', [leaf('ObjectLockEnabled', 'Enabled')]));
  throw noConfiguration('Object Lock configuration does not exist for this bucket', 'ObjectLockConfigurationNotFoundError');
};

const noConfiguration = (message: string, code = 'NoSuchObjectLockConfiguration') => new S3Error(404, code, message);
