import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leaf, xmlDocument } from './xml.ts';
import { childText, parseXml } from './xml-parse.ts';

test('text written into an element is read back unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(childText(parseXml(xmlDocument('A', [leaf('B', text)])), 'B')).toBe(text);
    }),
  );
});

test('namespaces, attributes and empty elements are understood', () => {
  const root = parseXml('<?xml version="1.0"?><!-- x --><s:Delete xmlns:s="u"><Object a="1"><Key>k</Key><V/></Object></s:Delete>');
  expect(root).toMatchObject({ name: 'Delete', children: [{ name: 'Object', children: [{ text: 'k' }, { name: 'V', text: '' }] }] });
});

test('what is not well-formed, or declares entities, is MalformedXML', () => {
  for (const text of [
    '',
    'text',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a>&x;</a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a><',
    '<a>&#x110000;</a>',
  ]) {
    expect(() => parseXml(text)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
  }
});
