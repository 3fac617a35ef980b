import { S3Error } from './errors.ts';

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export type XmlNode = { name: string; text: string; children: XmlNode[] };

const malformed = () => new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate');

/** Elements and text only: a document type, and with it any entity of its own, is refused. */
export function parseXml(source: string): XmlNode {
  const root: XmlNode = { name: '', text: '', children: [] };
  const open: XmlNode[] = [root];
  for (const token of source.match(/<\?[^>]*\?>|<!--[\s\S]*?-->|<[^>]+>|[^<]+|</g) ?? []) {
    const parent = open.at(-1);
    if (!parent) throw malformed();
    if (token.startsWith('<?') || token.startsWith('<!--')) continue;
    if (token.startsWith('</')) {
      if (open.length < 2 || parent.name !== localName(token.slice(2, -1))) throw malformed();
      open.pop();
    } else if (token.startsWith('<')) {
      const child: XmlNode = { name: localName(token.slice(1, -1).replace(/\/$/, '')), text: '', children: [] };
      parent.children.push(child);
      if (!token.endsWith('/>')) open.push(child);
    } else {
      parent.text += unescapeXml(token);
    }
  }
  const [top, ...rest] = root.children;
  if (!top || rest.length > 0 || open.length !== 1) throw malformed();
  return top;
}

function localName(tag: string): string {
  const name = /^(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?:\s|$)/.exec(tag)?.[1];
  if (!name) throw malformed();
  return name;
}

function unescapeXml(text: string): string {
  return text.replace(/&([^;]*);?/g, (_all, entity: string) => {
    if (!entity.startsWith('#')) return NAMED[entity] ?? fail();
    const point = entity.startsWith('#x') ? Number.parseInt(entity.slice(2), 16) : Number.parseInt(entity.slice(1), 10);
    return point >= 0 && point <= 0x10ffff ? String.fromCodePoint(point).toWellFormed() : fail();
  });
}

function fail(): never {
  throw malformed();
}

export const childText = (parent: XmlNode, name: string): string | undefined => parent.children.find((child) => child.name === name)?.text;
