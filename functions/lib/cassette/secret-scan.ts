import type { SecretScan } from './promote.ts';

// What redaction left in place of a secret looks like one itself: "https://user:[REDACTED:url_password]@host".
const MARKER = /\[REDACTED:\w+\]/g;
// A recorded text must not be able to switch the scanner off.
const DIRECTIVE = /secretlint-(?=disable|enable)/gi;

const PRESET = '@secretlint/secretlint-rule-preset-recommend';

/** The recommended rules of secretlint, loaded when they are first needed. */
export const secretScan: SecretScan = async (text) => {
  const [{ lintSource }, { creator }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
  ]);
  const content = text.replace(MARKER, '').replace(DIRECTIVE, 'secretlint_');
  const { messages } = await lintSource({
    source: { filePath: 'cassette.json', content, contentType: 'text', ext: '.json' },
    options: { noPhysicFilePath: true, maskSecrets: true, config: { rules: [{ id: PRESET, rule: creator }] } },
  });
  return [...new Set(messages.map(({ ruleId, messageId }) => `${ruleId.split('/').at(-1) ?? ruleId}:${messageId}`))];
};
