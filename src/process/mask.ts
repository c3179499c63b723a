// Takes secrets out of text before anything else sees it. The runner masks, so that no caller can forget to.

/** Replaces each secret, also where it is escaped as in JSON or a URL, and the password of any `scheme://user:password@`, by `***`. */
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

/** `rest:https://user:secret@host/` -> `rest:https://user:***@host/` */
export const maskUrlPassword = (text: string): string => text.replaceAll(/(:\/\/[^\s/:@]*):[^\s/@]+@/g, '$1:***@');
