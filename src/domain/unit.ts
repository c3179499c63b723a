// Numbers with a unit in their type, so that milliseconds are never passed where bytes are wanted.

declare const unit: unique symbol;
export type Unit<Name extends string> = number & { readonly [unit]: Name };
