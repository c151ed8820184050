/**
 * What a schema has to be: version 1 of Standard Schema (https://standardschema.dev), which zod, valibot, arktype and others implement.
 * Only what is needed of it, so that it costs no dependency.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | PromiseLike<SchemaResult<Output>>;
    /** For types only: what goes in, and what comes out. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The outcome of a validation: a value, which may be a transformed one, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** One thing that is wrong with a body. */
export interface SchemaIssue {
  /** In the words of the schema; may quote the body. */
  readonly message: string;
  /** The keys that lead there; none for the body itself. */
  readonly path: readonly PropertyKey[];
}
