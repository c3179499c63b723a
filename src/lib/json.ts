// JSON as a type: what may be stored in the journal, printed by --json, or sent to another program.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
