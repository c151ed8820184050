/**
 * A schema: version 1 of Standard Schema (https://standardschema.dev), which zod, valibot, arktype and others
 * implement. Declared here, as far as it is used, to avoid a dependency.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | PromiseLike<SchemaResult<Output>>;
    /** For type inference only: input and output. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The outcome of a validation: the value, possibly transformed, or the issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

/** One issue of a body. */
export interface SchemaIssue {
  /** The schema's message; may quote the body. */
  readonly message: string;
  /** The keys from the body to the issue; empty for the body itself. */
  readonly path: readonly PropertyKey[];
}
