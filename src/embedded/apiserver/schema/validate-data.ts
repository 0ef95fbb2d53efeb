/** What ConfigMaps and Secrets may hold (Kubernetes' validation of their keys and of the types of Secrets). */
import { type FieldError, invalidValue, required } from './validate.ts';

const largest = 1024 * 1024;
const keyPattern = /^[-._a-zA-Z0-9]+$/;

function keyErrors(field: string, data: Record<string, unknown> | undefined): FieldError[] {
  return Object.keys(data ?? {})
    .filter((key) => !keyPattern.test(key) || key === '.' || key === '..' || key.startsWith('..') || key.length > 253)
    .map((key) =>
      invalidValue(
        `${field}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

const tooLong = (field: string): FieldError => ({
  reason: 'FieldValueTooLong',
  field,
  message: `Too long: may not be more than ${largest} bytes`,
});

const bytesOf = (data: Record<string, string> | undefined, isBase64: boolean): number =>
  Object.values(data ?? {}).reduce((sum, value) => sum + Buffer.byteLength(value, isBase64 ? 'base64' : 'utf8'), 0);

export function validateConfigMapData(object: any): FieldError[] {
  const errors = [...keyErrors('data', object.data), ...keyErrors('binaryData', object.binaryData)];
  for (const key of Object.keys(object.data ?? {}))
    if (object.binaryData?.[key] !== undefined)
      errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
  if (bytesOf(object.data, false) + bytesOf(object.binaryData, true) > largest) errors.push(tooLong(''));
  return errors;
}

/** Keys that a type of Secret cannot do without. */
const keysOfType: Record<string, string[]> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

export function validateSecretData(object: any): FieldError[] {
  const errors = keyErrors('data', object.data);
  if (bytesOf(object.data, true) > largest) errors.push(tooLong('data'));
  for (const key of keysOfType[object.type] ?? [])
    if (object.data?.[key] === undefined) errors.push(required(`data[${key}]`));
  if (object.type === 'kubernetes.io/basic-auth' && !object.data?.username && !object.data?.password)
    errors.push(required('data[username]'), required('data[password]'));
  if (
    object.type === 'kubernetes.io/service-account-token' &&
    !object.metadata.annotations?.['kubernetes.io/service-account.name']
  )
    errors.push(required('metadata.annotations[kubernetes.io/service-account.name]'));
  return errors;
}
