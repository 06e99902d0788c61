// JSON Schema by small functions, with the type of the values that fit.

declare const value: unique symbol;
declare const mayBeLeftOut: unique symbol;

/** A JSON Schema whose values are of type T. */
export interface Schema<T> {
  readonly [value]?: T;
  readonly [keyword: string]: unknown;
}
/** The schema of a field that may be left out. */
export interface Optional<T> extends Schema<T> {
  readonly [mayBeLeftOut]: true;
}

/** The type of the values that fit a schema. */
export type Static<S> = S extends Schema<infer T> ? T : never;

type Fields = Record<string, Schema<any>>;
type Flat<T> = { [K in keyof T]: T[K] };
type ObjectOf<F extends Fields> = Flat<
  { [K in keyof F as F[K] extends Optional<any> ? never : K]: Static<F[K]> } & {
    [K in keyof F as F[K] extends Optional<any> ? K : never]?: Static<F[K]> | undefined;
  }
>;

export function string(description?: string): Schema<string>;
export function integer(description?: string): Schema<number>;
export function number(description?: string): Schema<number>;
export function boolean(description?: string): Schema<boolean>;
/** One of these strings. */
export function choice<const C extends readonly string[]>(choices: C, description?: string): Schema<C[number]>;
export function list<T>(items: Schema<T>, description?: string): Schema<T[]>;
/** A field that may be left out. */
export function optional<T>(schema: Schema<T>): Optional<T>;
/** An object with these fields and no others. */
export function object<F extends Fields>(fields: F, description?: string): Schema<ObjectOf<F>>;
/** What is wrong with a value, or undefined. */
export function mismatch(schema: Schema<unknown>, value: unknown): string | undefined;
