// A restore that failed before anything here was touched: by getting the copy, or because it was found not to be good. Another
// repository may then do better. Whatever comes later, stopping a unit or putting the data in place, fails as what it is.

import { HoldfastError } from '../../lib/errors.ts';

export type CopyStage = 'get' | 'validate';

export class CopyError extends HoldfastError {
  readonly stage: CopyStage;

  constructor(stage: CopyStage, cause: HoldfastError) {
    const { code, operation, subject, message, hint, retry, tool } = cause;
    super({ code, operation, subject, message, hint, retry, tool, cause });
    this.stage = stage;
  }
}

/** Throws as a `CopyError` what `work` throws. */
export async function ofCopy<Result>(stage: CopyStage, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof HoldfastError ? new CopyError(stage, error) : error;
  }
}
