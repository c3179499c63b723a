// Takes secrets out of text before anything else sees it. The runner masks, so that no caller can forget to.

/** Replaces each secret, and the password of any `scheme://user:password@`, by `***`. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) if (secret.length >= 4) masked = masked.replaceAll(secret, '***');
  return masked.includes('://') ? maskUrlPassword(masked) : masked;
}

/** `rest:https://user:secret@host/` -> `rest:https://user:***@host/` */
export const maskUrlPassword = (text: string): string => text.replaceAll(/(:\/\/[^\s/:@]+):[^\s/@]+@/g, '$1:***@');
