// Line breaks, direction marks, and characters that are not seen: each could make text read as something else.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]+/gu;

/** Text on one line, with nothing in it that is not seen. */
export const oneLine = (text: string): string => text.toWellFormed().replace(UNSEEN, ' ').replace(/ {2,}/g, ' ').trim();

// Dots as browsers read them, between what could be names of a host.
const HOST_DOT = /(?<=[\p{L}\p{N}])[.\u3002\uff0e\uff61](?=\p{L}{2})/gu;
const MAIL = /^[\w+-]+(?:\.[\w+-]+)*@[a-z\d-]+(?:\.[a-z\d-]+)+$/i;

/** Text that no mail client, phone or chat turns into a link: `https(:)//evil(.)example`. A bare e-mail address stays one. */
export const defang = (text: string): string => (MAIL.test(text) ? text : text.replace(/:(?=\/\/)/g, '(:)').replace(HOST_DOT, '(.)'));

/** At most `max` characters (UTF-16 units), never half a pair. */
export const cut = (text: string, max: number): string =>
  text.length <= max
    ? text
    : `${text
        .slice(0, max - 1)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd()}…`;
