// Takes secrets out of text before anything else sees it. The runner masks, so that no caller can forget to.

/** Replaces each secret, also where it is escaped as in JSON or a URL, and what is secret in any `scheme://userinfo@`, by `***`. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const form of secrets.filter((secret) => secret.length >= 4).flatMap(written))
    masked = masked.replaceAll(form, '***');
  return masked.includes('://') ? maskUrlPassword(masked) : masked;
}

/** The ways in which a program may print a secret, longest first. */
function written(secret: string): string[] {
  const forms = new Set([
    secret,
    secret.trim(),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
  ]);
  return [...forms].filter((form) => form.length >= 4).toSorted((a, b) => b.length - a.length);
}

/** Up to the last @ before the path: a password may hold one that nobody has escaped. */
const USERINFO = /:\/\/([^\s/]*)@/g;

/** `rest:https://user:secret@host/` -> `rest:https://user:***@host/`, `https://token@host/` -> `https://***@host/` */
export const maskUrlPassword = (text: string): string =>
  text.replaceAll(USERINFO, (whole, userinfo: string, at: number) => {
    const secret = secretOf(userinfo, schemeBefore(text, at));
    return secret === '' ? whole : `://${userinfo.slice(0, userinfo.length - secret.length)}***@`;
  });

/** The secrets in a URL, as they are written and as they are meant. */
export const urlSecrets = (url: string): string[] =>
  [...url.matchAll(USERINFO)].flatMap(({ 1: userinfo = '', index }) => {
    const secret = secretOf(userinfo, schemeBefore(url, index));
    return secret === '' ? [] : [secret, decoded(secret)];
  });

const schemeBefore = (text: string, at: number): string => text.slice(Math.max(0, at - 'sftp'.length), at);

/** What follows the user; all of it when there is no colon, for it may be a token. With SSH it is a user and nothing else. */
function secretOf(userinfo: string, scheme: string): string {
  const colon = userinfo.indexOf(':');
  return colon === -1 && /(?:sftp|ssh)$/.test(scheme) ? '' : userinfo.slice(colon + 1);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a bare % that was never meant as an escape
  }
}
