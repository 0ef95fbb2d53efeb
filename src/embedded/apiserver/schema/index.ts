/** What types look like, and what of an object is wrong, unknown or to be filled in. Pure functions over data. */
export { builtinSchema, crdSchema } from './builtin.ts';
export { defaultBuiltin } from './defaults.ts';
export { prepareForCreate } from './prepare.ts';
export { schemaOf } from './schema-of.ts';
export { TypeSchema } from './type-schema.ts';
export {
  applyDefaults,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  prune,
  required,
  validate,
} from './validate.ts';
export { validateBuiltin } from './validate-builtin.ts';
