// Text as one word of a shell's command line, for commands that are shown to be typed.

import { quote } from './completion/quote.ts';

/** Quoted for a shell where that is needed. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : quote(text));
