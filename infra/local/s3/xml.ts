const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

// Control characters are written as references, as S3 does: some parsers refuse them, none accepts them raw.
const escapeXml = (text: string): string =>
  text.replace(/[&<>"\u0000-\u001f]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : c === '>' ? '&gt;' : `&#${c.charCodeAt(0)};`));

/** One element with text; nothing at all for `undefined`. */
export const leaf = (name: string, value: string | number | boolean | undefined): string =>
  value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`;

export const node = (name: string, children: string[]): string => `<${name}>${children.join('')}</${name}>`;

export const xmlDocument = (name: string, children: string[], namespaced = true): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${namespaced ? ` xmlns="${NAMESPACE}"` : ''}>${children.join('')}</${name}>`;
