import * as z from 'zod';

/** A comment as a form sends it: browsers end lines with CR LF. */
export const CommentField = z
  .string()
  .default('')
  .transform((text) => text.replaceAll('\r\n', '\n').trim())
  .pipe(z.string().max(4000));
