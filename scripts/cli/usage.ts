/** A value or combination of options that cannot be meant: exit code 2. Its message names option, value, expectation. */
export class UsageError extends Error {}
