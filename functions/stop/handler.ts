import { closeBooks } from '../lib/agent/books.ts';
import { end } from '../stage/handlers.ts';
import { endingDrafts, endingOf, failureOf } from './stop.ts';

export const create = end({ ending: endingOf, drafts: endingDrafts, failure: failureOf, books: closeBooks });
