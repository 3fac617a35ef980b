import { CONTENT } from './content.ts';
import { FRAME } from './frame.ts';
import { TOKENS } from './tokens.ts';

/** The one stylesheet: tokens for light, dark and print, the frame of every page, and its contents. */
export const STYLESHEET = `${TOKENS}${FRAME}${CONTENT}`;
